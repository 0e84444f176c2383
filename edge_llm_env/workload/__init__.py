"""The workload: an episode's whole randomness, drawn before it starts."""
