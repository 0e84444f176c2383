"""Learned policies: training, evaluation and comparison with Stable-Baselines3."""
