"""Learned policies of agent tasks: how large a task is, learned from signals, and the rule of an index by it."""
