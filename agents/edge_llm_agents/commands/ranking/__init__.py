"""What `edge-llm leaderboard` has beside ranking the suite's own policies."""
