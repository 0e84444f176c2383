"""Requests to several nodes: which node serves whom in an epoch, exactly and by heuristics."""
