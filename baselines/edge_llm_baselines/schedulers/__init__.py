"""Schedulers of iterations: rules by which an engine admits, preempts, drops and chunks."""
