"""Training the same policy with several seeds, and what becomes of it on held-out workloads."""
