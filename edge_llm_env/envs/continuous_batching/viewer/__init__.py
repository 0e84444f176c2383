"""Showing an engine of iterations: its running batch over time, its memory, and who waits."""
