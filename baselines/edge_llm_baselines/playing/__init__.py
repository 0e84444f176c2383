"""Policies and the one roll-out function that plays them."""
