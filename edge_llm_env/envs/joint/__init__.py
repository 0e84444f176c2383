"""`EdgeLLM/Joint-v0`: values of requests, bands, the split of the epoch and modules, all at once."""
