"""The benchmark suite: every environment, scenario and policy on the same tapes, as records and a leaderboard."""
