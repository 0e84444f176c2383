"""Learned schedulers of an engine's iterations: a rule of many numbers, found by search."""
