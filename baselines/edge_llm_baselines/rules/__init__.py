"""Rules: heuristics, look-ahead and how it is tuned."""
