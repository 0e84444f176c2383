"""`EdgeLLM/Bandwidth-v0`: divide the bands among the pending requests, and the epoch among its parts."""
