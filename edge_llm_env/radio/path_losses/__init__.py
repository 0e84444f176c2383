"""Attenuation over distance: each kind of path loss is a file, and an entry of the table."""
