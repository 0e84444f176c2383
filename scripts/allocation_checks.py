"""Check the oracles of allocations against replay and other actions: python scripts/allocation_checks.py."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.records.record import write_record
from edge_llm_env import load_scenario
from experiments.allocation.checks import contest, replay, separation_of

SMALLER = {"epoch.visible_slots": 8, "epoch.episode_epochs": 10}
CASES = {
    "EdgeLLM/Bandwidth-v0, flexible split": ("EdgeLLM/Bandwidth-v0", "embedding-uplink", {}),
    "EdgeLLM/Bandwidth-v0, fixed split": ("EdgeLLM/Bandwidth-v0", "embedding-uplink", {"epoch.split": "fixed"}),
    "EdgeLLM/Compute-v0": ("EdgeLLM/Compute-v0", "accuracy-tiers", {"node.modules": 4}),
    "EdgeLLM/Joint-v0, fixed split": ("EdgeLLM/Joint-v0", "accuracy-tiers", {"node.modules": 4}),
    "EdgeLLM/Joint-v0, flexible split": (
        "EdgeLLM/Joint-v0",
        "accuracy-tiers",
        {"node.modules": 4, "epoch.split": "flexible"},
    ),
}
"""Environments, scenarios and what of these is changed besides `SMALLER`."""


@dataclass(frozen=True)
class Options:
    """Replay each oracle's action, try to serve more, and compare random, simple and exact allocations."""

    replayed: int = 1000
    """States in which the oracle's action is replayed."""
    contested: int = 200
    """States in which other actions are tried."""
    actions: int = 10_000
    """Random actions in each of these."""
    rounds: int = 50
    """Rounds of the local search from the oracle's own action in each of these, 64 actions a round."""
    episodes: int = 40
    """Workloads of the comparison."""
    seed: int = 0
    """Sets the workloads and the actions."""
    results: Path = Path("results")
    """Folder of allocation_checks.json."""


def main(options: Options) -> int:
    """Check, write and print; the exit status is 1 if an oracle did not keep its word."""
    checks = {}
    for name, (env_id, preset, overrides) in CASES.items():
        scenario = load_scenario(preset, **(SMALLER | overrides))
        checks[name] = {
            "replay": replay(env_id, scenario, options.replayed, options.seed),
            "contest": contest(env_id, scenario, options.contested, options.actions, options.rounds, options.seed),
        }
        print(f"{name}: {json.dumps(checks[name])}", file=sys.stderr)
    separations = {
        env_id: separation_of(env_id, load_scenario(preset), options.episodes, options.seed)
        for env_id, preset in (
            ("EdgeLLM/Bandwidth-v0", "embedding-uplink"),
            ("EdgeLLM/Compute-v0", "accuracy-tiers"),
        )
    }
    settings = {name: value for name, value in asdict(options).items() if name != "results"}
    report = {"settings": settings, "checks": checks, "separation": separations}
    print(write_record(options.results / "allocation_checks.json", report), end="")
    broken = any(check["replay"]["wrong"] or check["contest"]["above_bound"] for check in checks.values())
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
