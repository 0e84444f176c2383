"""Checks of the allocation oracles."""
