"""Small-scale fading: each kind is a file, and an entry of the table."""
