"""Hindsight of several nodes: what a clairvoyant network could serve, and what no policy exceeds."""
