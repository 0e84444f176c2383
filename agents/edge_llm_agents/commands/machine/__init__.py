"""Commands of a real machine."""
