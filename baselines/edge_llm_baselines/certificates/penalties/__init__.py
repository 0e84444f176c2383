"""Penalties of mean zero: what is learned by waiting, of arrivals and of channels."""
