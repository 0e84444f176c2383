"""`EdgeLLM/Scaling-v0`: how many modules of a rack are on, and how many of them work as one."""
