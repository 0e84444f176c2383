"""The protocol: splits, budgets, what may be known, and records of results that anybody can evaluate again."""
