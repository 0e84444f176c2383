"""Analytical model of transformer-decoder inference: what a batch costs in time, memory and energy."""
