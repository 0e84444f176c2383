"""Kinds of agent tasks: each draws how large a task is, and says which calls it is made of."""
