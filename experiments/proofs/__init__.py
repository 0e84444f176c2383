"""Whether the exact solvers are exact, and what the hard classes of the knapsack literature cost them."""
