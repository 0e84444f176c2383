"""Learning how large tasks are: supervised regression on the calls of training workloads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from edge_llm_agents.networks.perceptrons import Perceptrons
from edge_llm_agents.tasks.policy import LearnedTasks
from edge_llm_agents.tasks.scores import LAYERS
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_baselines.tasks.index import Numbers
from edge_llm_baselines.tasks.signals.examples import Examples, examples_of
from edge_llm_baselines.tasks.signals.scores import announced
from edge_llm_baselines.tasks.tuning import tune_admission
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

REPORTED_EVERY = 100
"""Steps between reports."""


@dataclass(frozen=True)
class SignalSettings:
    """How a policy of tasks is learned."""

    episodes: int = 80
    """Workloads that are learned from."""
    steps: int = 3000
    """Of Adam, each on `batch_size` calls of every kind."""
    batch_size: int = 512
    learning_rate: float = 3e-3
    width: int = 32
    """Of the hidden layers."""
    validation_episodes: int = 20
    """Workloads on which it is said how well sizes are told."""

    def __post_init__(self) -> None:
        for name in ("episodes", "steps", "batch_size", "width", "validation_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")


class Found(NamedTuple):
    """What was learned."""

    policy: LearnedTasks
    correlation: float
    """Of scores and sizes, of single calls of the validation workloads."""


def learn_signals(
    scenario: Scenario,
    settings: SignalSettings | None = None,
    seed: int = 0,
    report: Callable[[int], None] = lambda step: None,
) -> Found:
    """Fit, then tune the rule's numbers with what was learned; equal settings and seeds learn the same.

    `report` is told the steps taken. Raises ScenarioError for a scenario without signals, and ValueError
    where too few workloads are learned from to have every kind of task.
    """
    settings, kinds = settings or SignalSettings(), len(announced(scenario)[0].kinds)
    examples = examples_of(training_workloads(scenario, seed, 0, settings.episodes))
    arrays = _fitted(examples, kinds, settings, seed, report)
    untuned = LearnedTasks(arrays, Numbers(1.0), seed, scenario)
    numbers = tune_admission(scenario, seed, untuned.make_scores)
    assert numbers is not None  # as there are tasks
    held_out = examples_of(draw_workloads(scenario, settings.validation_episodes, seed, Stream.VALIDATION))
    told = untuned.scores(held_out.kind, held_out.signals)
    return Found(LearnedTasks(arrays, numbers, seed, scenario), float(np.corrcoef(told, held_out.size)[0, 1]))


def _fitted(
    examples: Examples, kinds: int, settings: SignalSettings, seed: int, report: Callable[[int], None]
) -> dict[str, NDArray[np.float32]]:
    """Weights of a perceptron for each kind of task with the least squared error of its sizes."""
    generator = torch.Generator().manual_seed(seed)
    of_kind = [np.flatnonzero(examples.kind == each) for each in range(kinds)]
    if not all(len(mine) for mine in of_kind):
        raise ValueError(f"episodes = {settings.episodes}: must be so many that every kind of task is drawn")
    signals = [torch.from_numpy(examples.signals[mine].astype(np.float32)) for mine in of_kind]
    sizes = [torch.from_numpy(examples.size[mine].astype(np.float32)) for mine in of_kind]
    hidden = [settings.width] * (LAYERS - 1)
    perceptrons = Perceptrons(kinds, (examples.signals.shape[1], *hidden, 1), generator)
    optimizer = torch.optim.Adam(perceptrons.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    for step in range(settings.steps):
        chosen = [torch.randint(len(one), (settings.batch_size,), generator=generator) for one in sizes]
        told = perceptrons(torch.stack([one[mine] for one, mine in zip(signals, chosen, strict=True)]))[:, :, 0]
        goal = torch.stack([one[mine] for one, mine in zip(sizes, chosen, strict=True)])
        optimizer.zero_grad()
        nn.functional.mse_loss(told, goal).backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % REPORTED_EVERY == 0:
            report(step + 1)
    return perceptrons.arrays()
