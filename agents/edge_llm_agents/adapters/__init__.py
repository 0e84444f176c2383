"""The suite's vector environments as Stable-Baselines3 wants them."""
