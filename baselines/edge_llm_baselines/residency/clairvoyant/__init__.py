"""Hindsight where modules are divided: what a clairvoyant could serve, and what no policy exceeds."""
