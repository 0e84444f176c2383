"""Evaluate every environment, scenario and policy on the same workloads: python scripts/leaderboard.py."""

import sys

from edge_llm_agents.commands.leaderboard import Leaderboard
from edge_llm_agents.commands.running import run_options

if __name__ == "__main__":
    sys.exit(run_options("leaderboard.py", Leaderboard))
