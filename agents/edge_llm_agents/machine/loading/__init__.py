"""Workloads of the suite sent to a server of completions."""
