"""Baselines of `EdgeLLM/ServiceLevel-v0`: the exact epoch, and rules of one number or none."""
