"""Learned values of the calls of agent tasks, around the rule of an index, found by search."""
