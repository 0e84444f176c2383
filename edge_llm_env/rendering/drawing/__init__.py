"""Frames as pictures, drawn with pygame."""
