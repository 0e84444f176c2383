"""Gymnasium environments over the compiled dynamics, single and vector."""
