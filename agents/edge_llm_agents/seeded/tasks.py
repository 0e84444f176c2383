"""Learning policies of agent tasks with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.seeded import runs
from edge_llm_agents.seeded.runs import Asked, Learned, Trained
from edge_llm_agents.tasks.fitting import SignalSettings, learn_signals


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: SignalSettings,
    seeds: Sequence[int],
    rivals: Rivals,
    report: Callable[[int, int], None] = lambda seed, step: None,
) -> Iterator[Trained]:
    """Learn with every seed and judge each on the rivals' workloads; after each what there is so far."""

    def learn(seed: int) -> Learned:
        found = learn_signals(rivals.scenario, settings, seed, partial(report, seed))
        steps = settings.episodes * rivals.scenario.epoch.episode_epochs
        return Learned(found.policy, steps, {"correlation": found.correlation}, [])

    asked = Asked(scenario_name, overrides, "supervised regression", asdict(settings))
    return runs.train_seeds(asked, learn, seeds, rivals)
