"""What `python scripts/pages.py` does."""
