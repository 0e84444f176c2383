"""What makes this repository's own tables, figures and pages; not installed."""
