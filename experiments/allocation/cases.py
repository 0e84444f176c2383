"""The environments and scenarios that oracles of allocations are checked in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from edge_llm_env.scenarios import load_scenario
from experiments.allocation.checks import contest, replay, separation_of

SMALLER = {"epoch.visible_slots": 8, "epoch.episode_epochs": 10}
CASES: dict[str, tuple[str, str | None, str, dict[str, Any]]] = {
    **{
        f"{BANDWIDTH}, {form}, {split} split{carried}": (BANDWIDTH, form, preset, {"epoch.split": split})
        for carried, preset in {"": "embedding-uplink", ", carried over": "embedding-uplink-carried"}.items()
        for form in ("values", "shares")
        for split in ("flexible", "fixed")
    },
    COMPUTE: (COMPUTE, None, "accuracy-tiers", {"node.modules": 4}),
    **{
        f"{JOINT}, {form}, {split} split": (JOINT, form, "accuracy-tiers", {"node.modules": 4, "epoch.split": split})
        for form in ("values", "shares")
        for split in ("fixed", "flexible")
    },
}
"""Environments, forms of their action, scenarios and what of these is changed besides `SMALLER`."""


def check_cases(
    replayed: int, contested: int, actions: int, rounds: int, seed: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each case what replaying the oracle's action, and trying others, has found."""
    for name, (env_id, form, preset, overrides) in CASES.items():
        scenario = load_scenario(preset, **(SMALLER | overrides))
        yield (
            name,
            {
                "replay": replay(env_id, scenario, replayed, seed, form),
                "contest": contest(env_id, scenario, contested, actions, rounds, seed, form),
            },
        )


def separations(episodes: int, seed: int) -> dict[str, Any]:
    """Random, simple and exact allocations compared, by environment."""
    compared = {BANDWIDTH: "embedding-uplink", COMPUTE: "accuracy-tiers"}
    return {env_id: separation_of(env_id, load_scenario(preset), episodes, seed) for env_id, preset in compared.items()}
