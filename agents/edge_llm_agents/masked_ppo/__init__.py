"""Training admission with masked PPO."""
