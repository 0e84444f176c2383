"""Several cells with a node each, joined by a backhaul: rows of the dynamics of one node that share their requests."""
