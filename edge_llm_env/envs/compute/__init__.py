"""`EdgeLLM/Compute-v0`: divide the node's modules among the variants that it hosts."""
