"""The main job: train a policy, then compare it and those that are shipped with the oracle and the rules."""

import sys

from edge_llm_agents.commands.compare import Compare
from edge_llm_agents.commands.running import run_options

if __name__ == "__main__":
    sys.exit(run_options("compare.py", Compare))
