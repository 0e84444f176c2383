"""Agent tasks: requests that are steps of something. What they are, and how they are drawn."""
