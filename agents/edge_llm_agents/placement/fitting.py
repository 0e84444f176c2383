"""Fitting the forecaster of learned placement: supervised regression on arrivals, and its decoder's two numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import LearnedPolicy, evaluate_learned
from edge_llm_agents.networks.perceptrons import Perceptrons
from edge_llm_agents.placement.observed import placing_params
from edge_llm_agents.placement.policy import AHEAD, LAYERS, LearnedPlacement
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_env.nodes.params import network_params
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

HORIZONS, LEAST_GAINS = (8, 10, 12), (4.0, 8.0, 16.0, 32.0)
"""Of the decoder, to choose among."""

REPORTED_EVERY = 100
"""Steps between reports."""

Placing = TypeVar("Placing", bound=LearnedPolicy)
"""A policy that places models."""


@dataclass(frozen=True)
class PlacementSettings:
    """Of a fit."""

    episodes: int = 80
    """Workloads that are learned from."""
    steps: int = 3000
    """Of Adam, each on `batch_size` moments of all cells."""
    batch_size: int = 256
    learning_rate: float = 1e-3
    width: int = 128
    """Of the hidden layers."""
    tuning_episodes: int = 6
    """Workloads that the decoder's numbers are chosen on."""

    def __post_init__(self) -> None:
        for name in ("episodes", "steps", "batch_size", "width", "tuning_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")


def fit_placement(
    scenario: Scenario,
    settings: PlacementSettings,
    seed: int = 0,
    report: Callable[[int], None] = lambda step: None,
) -> LearnedPlacement:
    """A forecaster of the scenario's arrivals; equal seeds, equal weights.

    Arrivals do not depend on what is done, so that workloads are all there is to learn from. `report` is told the steps
    taken. Raises ScenarioError where nothing is placed, no history is shown, or episodes are too short to foretell in.
    """
    placing_params(scenario)
    seen, ahead = examples(scenario, training_workloads(scenario, seed, 0, settings.episodes))
    weights = trained_weights(seen, ahead, settings, seed, report)
    return best_decoder(lambda horizon, least: LearnedPlacement(weights, horizon, least, scenario), settings, seed)


def best_decoder(make: Callable[[int, float], Placing], settings: PlacementSettings, seed: int) -> Placing:
    """Of policies by their decoder's horizon (epochs) and least gain (requests), the one that serves most in tuning."""
    found = [make(horizon, least) for horizon, least in product(HORIZONS, LEAST_GAINS)]
    scenario = found[0].scenario
    workloads = draw_workloads(scenario, settings.tuning_episodes, seed, Stream.TUNING)
    served = [int(evaluate_learned(one, scenario, workloads).served.sum()) for one in found]
    return found[int(np.argmax(served))]


def examples(scenario: Scenario, workloads: Sequence[Workload]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is seen at every moment of workloads, (moments, N, H·K), and what arrives, (moments, N, AHEAD·K).

    Seen are the arrivals of the last H epochs, the last first, as observations show them; what arrives begins with the
    epoch that has just ended. Raises ScenarioError for episodes that are too short to foretell arrivals in.
    """
    params, epoch_s = network_params(scenario), scenario.epoch.epoch_s
    if params.episode_epochs < AHEAD + 2:
        found = f"epoch.episode_epochs = {params.episode_epochs}"
        raise ScenarioError(f"scenario {scenario.name}: {found}: must be at least {AHEAD + 2}, to foretell arrivals in")
    history, epochs = params.history, params.episode_epochs
    seen, ahead = [], []
    for workload in workloads:
        counts = np.zeros((history + epochs + AHEAD, params.cells, params.classes), dtype=np.float32)
        at = history + np.minimum(workload.arrival_s // epoch_s, epochs + AHEAD - 1).astype(np.int64)
        cell = np.zeros(workload.requests, dtype=np.int64) if workload.cell is None else workload.cell
        np.add.at(counts, (at, cell, workload.request_class), 1.0)
        shown = np.minimum(counts / np.float32(params.most_arrivals), 1.0)
        for moment in range(1, epochs - AHEAD):
            last = history + moment  # one behind the epoch that has just ended
            seen.append(shown[last - history : last][::-1].transpose(1, 0, 2).reshape(params.cells, -1))
            ahead.append(counts[last - 1 : last - 1 + AHEAD].transpose(1, 0, 2).reshape(params.cells, -1))
    return np.array(seen), np.array(ahead)


def trained_weights(
    seen: NDArray[np.float32],
    ahead: NDArray[np.float32],
    settings: PlacementSettings,
    seed: int,
    report: Callable[[int], None] = lambda step: None,
) -> dict[str, NDArray[np.float32]]:
    """Weights of N perceptrons that make what arrives, (moments, N, AHEAD·K), likeliest by what each sees,
    (moments, N, inputs).
    """
    inputs, targets = torch.from_numpy(seen), torch.from_numpy(ahead)
    generator = torch.Generator().manual_seed(seed)
    cells, classes = seen.shape[1], ahead.shape[2] // AHEAD
    hidden = [settings.width] * (LAYERS - 1)
    perceptrons = Perceptrons(cells, (seen.shape[2], *hidden, ahead.shape[2]), generator)
    optimizer = torch.optim.Adam(perceptrons.parameters(), settings.learning_rate)
    for step in range(settings.steps):
        chosen = torch.randint(len(inputs), (settings.batch_size,), generator=generator)
        likely = perceptrons(inputs[chosen].transpose(0, 1)).unflatten(2, (AHEAD, classes)).log_softmax(dim=3)
        loss = -(targets[chosen].transpose(0, 1).unflatten(2, (AHEAD, classes)) * likely).sum(dim=(0, 2, 3)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % REPORTED_EVERY == 0:
            report(step + 1)
    return perceptrons.arrays()
