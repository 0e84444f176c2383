"""Train policies, and measure what there is to learn and how: python scripts/train.py --scenario carry-over."""

from __future__ import annotations

import sys

import repository  # noqa: F401 (makes experiments importable)

from edge_llm_agents.commands.running import Command, run_command
from edge_llm_agents.commands.train import COMMANDS as OF_EDGE_LLM

_HERE = "experiments.learning.commands"

COMMANDS = OF_EDGE_LLM | {
    "continuous": Command(f"{_HERE}.continuous:Continuous", "a minute of SB3 on the continuous environments"),
    "ablation": Command(f"{_HERE}.ablation:Ablation", "what each way to less variance is worth"),
    "exploration": Command(f"{_HERE}.exploration:Exploration", "other ways to a value function"),
    "generalisation": Command(f"{_HERE}.generalisation:Generalisation", "a policy at other loads and on other models"),
    "bids": Command(f"{_HERE}.bids:Bids", "bids of several nodes that are searched for, against GAH"),
    "decentral": Command(f"{_HERE}.decentral:Decentral", "agents that see only their own node, and place models"),
}

if __name__ == "__main__":
    sys.exit(run_command("train.py", COMMANDS, default="policy"))
