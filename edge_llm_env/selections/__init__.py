"""Whom a node computes where an agent leaves it the choice: the kernel of each way in a file."""
