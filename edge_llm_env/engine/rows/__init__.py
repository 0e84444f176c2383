"""Whole rows of an engine: with tasks, from outside, and what an episode comes to."""
