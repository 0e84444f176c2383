"""Compiling kernels: decorators, what is compiled again, progress, and where the cache is."""
