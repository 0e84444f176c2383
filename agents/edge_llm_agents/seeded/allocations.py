"""Searching for a learned allocation with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from edge_llm_agents.allocations.search import AllocationSettings, Progress, search_allocation
from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.seeded import runs
from edge_llm_agents.seeded.runs import Asked, Learned, Trained


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: AllocationSettings,
    seeds: Sequence[int],
    rivals: Rivals,
    report: Callable[[int, Progress], None] = lambda seed, progress: None,
) -> Iterator[Trained]:
    """Search with every seed and judge each on the rivals' workloads; after each what there is so far."""

    def learn(seed: int) -> Learned:
        found = search_allocation(rivals.env_id, rivals.scenario, settings, seed, partial(report, seed))
        return Learned(found.policy, found.epoch_steps, {}, [progress._asdict() for progress in found.curve])

    asked = Asked(scenario_name, overrides, "cross-entropy method", asdict(settings))
    return runs.train_seeds(asked, learn, seeds, rivals)
