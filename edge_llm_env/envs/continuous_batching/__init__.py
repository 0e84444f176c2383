"""`EdgeLLM/ContinuousBatching-v0`: schedule an engine's iterations."""
