"""Policies on the same workloads, and what they are measured against."""
