"""Batches of nodes as the columns of a relaxation: those that there are, how much of each, and new ones."""
