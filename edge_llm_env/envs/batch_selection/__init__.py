"""`EdgeLLM/BatchSelection-v0`: name the epoch's whole batch at once."""
