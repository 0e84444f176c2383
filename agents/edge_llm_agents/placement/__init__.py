"""Learned placement of models on nodes: a forecaster of demand with a greedy decoder."""
