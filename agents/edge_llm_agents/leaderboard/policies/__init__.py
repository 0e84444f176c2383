"""Where the leaderboard's policies come from."""
