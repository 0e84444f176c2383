"""Names of the leaderboard's pictures."""

from __future__ import annotations


def picture_name(environment: str) -> str:
    """File name of an environment's performance profiles."""
    return f"profiles-{environment.rpartition('/')[2]}.png"
