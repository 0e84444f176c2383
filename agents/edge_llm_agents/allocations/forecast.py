"""What will be asked for: shares of the classes among coming arrivals, predicted from what an observation tells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.allocations.entries import entries_of_observation
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.envs.observation.features import LONG_AGO_EPOCHS
from edge_llm_env.envs.observation.layout import Layout
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

AHEAD_EPOCHS = ((0, 1), (1, 3), (3, 5), (5, 7), (7, 9), (9, 12))
"""Spans of coming epochs, from the next one on, that are predicted together."""

KNOTS_EPOCHS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 13.0, 18.0)
"""Times since a class became busy between which what follows is interpolated."""

RIDGE = 1.0
"""Weight of the squared coefficients beside the squared errors."""


def class_features(observations: NDArray[np.float32], layout: Layout, scenario: Scenario) -> NDArray[np.float32]:
    """A constant, the recent share of each class, and that times where it stands since it became busy: (F, rows)."""
    seen = entries_of_observation(observations, layout, scenario)
    shares, since = seen["recent_share"], seen["since_busy"] * np.float32(LONG_AGO_EPOCHS)
    knots = np.eye(len(KNOTS_EPOCHS))
    hats = [np.interp(since, KNOTS_EPOCHS, hat).astype(np.float32) for hat in knots]
    rows = [np.ones(len(shares), dtype=np.float32), *shares.T, *(column for hat in hats for column in (shares * hat).T)]
    return np.stack(rows)


def expected_shares(weights: NDArray[np.float32], features: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
    """Shares (spans, rows, K) by weights (F, spans·K) and features (F, rows), added up in order.

    Not a matrix product, whose sums depend on how many rows there are.
    """
    total = np.zeros((weights.shape[1], features.shape[1]), dtype=np.float32)
    for feature, row in zip(features, weights, strict=True):
        total += row[:, None] * feature
    return total.reshape(len(AHEAD_EPOCHS), classes, -1).transpose(0, 2, 1)


def fit_forecast(env_id: str, scenario: Scenario, layout: Layout, workloads: Sequence[Workload]) -> NDArray[np.float32]:
    """Weights (F, spans·K) that predict what arrives on workloads, by ridge regression.

    What is seen of the classes depends on arrivals alone, so any policy shows it: here the action 0. Raises
    ScenarioError for episodes that are too short to foretell anything in.
    """
    least = AHEAD_EPOCHS[-1][1] + 1
    if scenario.epoch.episode_epochs < least:
        found = f"epoch.episode_epochs = {scenario.epoch.episode_epochs}"
        raise ScenarioError(f"scenario {scenario.name}: {found}: must be at least {least}, to foretell classes")
    env = vector_of(env_id, scenario, workloads)
    steps = play(env, _Zero(env.action_space.shape), workloads=workloads)
    try:
        seen = [class_features(step.observation, layout, scenario) for step in steps]
    finally:
        env.close()
    epochs = len(seen) - AHEAD_EPOCHS[-1][1]
    shares = np.stack([_arrived_shares(workload, scenario, len(seen) + 1) for workload in workloads])
    goals = [
        np.mean([shares[:, 1 + ahead : 1 + ahead + epochs] for ahead in range(first, last)], axis=0)
        for first, last in AHEAD_EPOCHS
    ]
    # An epoch's observation has seen what arrived in it; the next one's arrivals are the first that are predicted.
    inputs = np.stack(seen[:epochs], axis=2).reshape(len(seen[0]), -1).astype(np.float64)
    outputs = np.stack(goals, axis=2).reshape(inputs.shape[1], -1)
    gram = inputs @ inputs.T + RIDGE * np.eye(len(inputs))
    return np.linalg.solve(gram, inputs @ outputs).astype(np.float32)


def _arrived_shares(workload: Workload, scenario: Scenario, epochs: int) -> NDArray[np.float64]:
    """The share of each class among what arrives in each epoch, (epochs, K); zeros where nothing does."""
    counts = np.zeros((epochs, scenario.workload.class_count))
    at = np.minimum((workload.arrival_s / scenario.epoch.epoch_s).astype(np.int64), epochs - 1)
    np.add.at(counts, (at, workload.request_class), 1.0)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    return shares


class _Zero:
    """The action 0 everywhere."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._action = np.zeros(shape, dtype=np.float32)

    def predict(
        self, observation: object, state: object = None, episode_start: object = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], object]:
        """Zeros."""
        return self._action, state
