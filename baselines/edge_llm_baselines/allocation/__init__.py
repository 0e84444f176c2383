"""Oracles and rules where bands and modules are divided, and oracle decoding of values."""
