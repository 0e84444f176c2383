"""The benchmark suite: every environment, scenario and policy on the same workloads, as records and a leaderboard."""
