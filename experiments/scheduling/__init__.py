"""Schedules of iterations: rules, optima and bounds against each other."""
