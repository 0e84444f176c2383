"""The workload tape: an episode's whole randomness, drawn before it starts."""
