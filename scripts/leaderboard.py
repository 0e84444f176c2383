"""Evaluate every environment, scenario and policy on the same workloads: python scripts/leaderboard.py."""

import sys

import repository  # noqa: F401 (Ctrl-C is silent from here on)

from edge_llm_agents.commands.leaderboard import COMMANDS
from edge_llm_agents.commands.running import run_command

if __name__ == "__main__":
    sys.exit(run_command("leaderboard.py", COMMANDS, default="rank"))
