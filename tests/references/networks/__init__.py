"""Plain-Python references of several nodes."""
