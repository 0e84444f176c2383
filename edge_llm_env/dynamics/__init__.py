"""Compiled dynamics: what happens to a row of requests, given a scenario, a workload and actions."""
