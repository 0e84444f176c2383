"""The environments and scenarios that oracles of allocations are checked in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from edge_llm_env.scenarios import load_scenario
from experiments.allocation.checks import contest, replay, separation_of

SMALLER = {"epoch.visible_slots": 8, "epoch.episode_epochs": 10}
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "EdgeLLM/Bandwidth-v0, flexible split": (BANDWIDTH, "embedding-uplink", {}),
    "EdgeLLM/Bandwidth-v0, fixed split": (BANDWIDTH, "embedding-uplink", {"epoch.split": "fixed"}),
    COMPUTE: (COMPUTE, "accuracy-tiers", {"node.modules": 4}),
    "EdgeLLM/Joint-v0, fixed split": (JOINT, "accuracy-tiers", {"node.modules": 4}),
    "EdgeLLM/Joint-v0, flexible split": (
        JOINT,
        "accuracy-tiers",
        {"node.modules": 4, "epoch.split": "flexible"},
    ),
}
"""Environments, scenarios and what of these is changed besides `SMALLER`."""


def check_cases(
    replayed: int, contested: int, actions: int, rounds: int, seed: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each case what replaying the oracle's action, and trying others, has found."""
    for name, (env_id, preset, overrides) in CASES.items():
        scenario = load_scenario(preset, **(SMALLER | overrides))
        yield (
            name,
            {
                "replay": replay(env_id, scenario, replayed, seed),
                "contest": contest(env_id, scenario, contested, actions, rounds, seed),
            },
        )


def separations(episodes: int, seed: int) -> dict[str, Any]:
    """Random, simple and exact allocations compared, by environment."""
    compared = {BANDWIDTH: "embedding-uplink", COMPUTE: "accuracy-tiers"}
    return {env_id: separation_of(env_id, load_scenario(preset), episodes, seed) for env_id, preset in compared.items()}
