"""Scenarios of a calibrated machine: given ones put on it, or scaled to what it does."""
