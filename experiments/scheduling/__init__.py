"""Schedules of iterations and of the calls of tasks: rules, optima and bounds against each other."""
