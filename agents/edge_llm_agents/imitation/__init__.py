"""Demonstrations of oracles, and cloning them."""
