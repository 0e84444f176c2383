"""Learned bids of servers for requests: who serves whom in a network, by values that are decoded."""
