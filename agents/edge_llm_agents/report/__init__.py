"""A comparison as an HTML report, and a policy to watch."""
