"""How fast environments, solvers and bounds are."""
