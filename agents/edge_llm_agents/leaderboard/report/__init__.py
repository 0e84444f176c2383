"""The leaderboard as a page: boards, statistics and profiles."""
