"""The main job: train a policy, then compare it and those that are shipped with the oracle and the rules."""

import sys

import repository  # noqa: F401 (Ctrl-C is silent from here on)

from edge_llm_agents.commands.running import run_options

if __name__ == "__main__":
    sys.exit(run_options("compare.py", "edge_llm_agents.commands.compare:Compare"))
