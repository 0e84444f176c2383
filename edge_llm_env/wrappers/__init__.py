"""Wrappers around the environments of the suite."""
