"""Learning policies of a rack with several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from edge_llm_agents.evaluation.earnings import EarningRivals
from edge_llm_agents.racks.learning import RackSettings, learn_rack
from edge_llm_agents.seeded import runs
from edge_llm_agents.seeded.runs import Asked, Learned, Trained


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: RackSettings,
    seeds: Sequence[int],
    rivals: EarningRivals,
) -> Iterator[Trained]:
    """Learn with every seed and judge each on the rivals' workloads; after each what there is so far."""

    def learn(seed: int) -> Learned:
        found = learn_rack(rivals.scenario, settings, seed)
        return Learned(found.policy, found.epoch_steps, {"ridge": found.ridge, "caution": found.policy.caution}, [])

    asked = Asked(scenario_name, overrides, "ridge regression", asdict(settings))
    return runs.train_seeds(asked, learn, seeds, rivals)
