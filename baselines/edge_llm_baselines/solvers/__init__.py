"""Solvers of the problem of one epoch, exact and greedy."""
