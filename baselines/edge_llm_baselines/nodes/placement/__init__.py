"""Which models nodes should hold: expected demand, and the loads that serve most of it."""
