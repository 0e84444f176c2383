"""Searching for a value function with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from edge_llm_agents.evaluation.references import References
from edge_llm_agents.seeded import runs
from edge_llm_agents.seeded.runs import Asked, Learned, Trained
from edge_llm_agents.value_search.search import Progress, SearchSettings, search


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: SearchSettings,
    seeds: Sequence[int],
    references: References,
    report: Callable[[int, Progress], None] = lambda seed, progress: None,
) -> Iterator[Trained]:
    """Search with every seed and judge each on the references' workloads; after each what there is so far."""

    def learn(seed: int) -> Learned:
        found = search(references.scenario, settings, seed, partial(report, seed))
        return Learned(
            found.policy,
            found.epoch_steps,
            {"first_discount": found.discount},
            [progress._asdict() for progress in found.curve],
        )

    asked = Asked(scenario_name, overrides, "cross-entropy method", asdict(settings))
    return runs.train_seeds(asked, learn, seeds, references)
