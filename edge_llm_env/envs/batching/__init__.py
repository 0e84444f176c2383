"""`EdgeLLM/Batching-v0`: admit one request at a time, or dispatch the epoch."""
