"""Bounds where chances to serve are worth any numbers: a price on every request, whatever serves them."""
