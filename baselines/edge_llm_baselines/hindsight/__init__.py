"""Bounds on what any policy could serve of a known workload, and schedules that come close."""
