"""What load is expected in the next epochs: learned from what observations show of arrivals and of feeder cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.allocations.entries import entries_of_observation
from edge_llm_baselines.racks.economics import economics
from edge_llm_env.envs.scaling.observation import OBSERVATION, SHOWN_LOADS, feeders_of
from edge_llm_env.rack.params import RackParams, rack_params
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

OWN_EPOCHS = 12
"""How many epochs of own arrivals it sees."""


class Seen(NamedTuple):
    """What a forecast sees of an observation."""

    waiting: NDArray[np.float64]
    """(rows,) who waits, in modules."""
    features: NDArray[np.float64]
    """(rows, F) a constant, both of the time of the day, own arrivals in modules, and all counts."""
    left_epochs: NDArray[np.int64]
    """(rows, M) epochs that modules still start, 0 if they have and -1 if they are off; ready first, off last."""
    on: NDArray[np.int64]
    """(rows,) modules that are on."""


def feature_count(scenario: Scenario) -> int:
    """F in a scenario."""
    return 3 + _own(scenario) + scenario.rack.history_epochs * feeders_of(scenario)


def _own(scenario: Scenario) -> int:
    return min(OWN_EPOCHS, scenario.rack.history_epochs)


def _most_shown(params: RackParams) -> float:
    """Most load that observations tell from more, in modules in groups of the size that an episode begins with."""
    return SHOWN_LOADS * params.capacity / economics(params).load_of_module


def seen(observations: NDArray[np.float32], scenario: Scenario, params: RackParams) -> Seen:
    """Observations (rows, length), taken apart."""
    entries = {
        name: entry.astype(np.float64)
        for name, entry in entries_of_observation(observations, OBSERVATION, scenario).items()
    }
    in_modules = _most_shown(params)
    arrived = entries["arrived"][:, : _own(scenario)] * in_modules
    rows = len(observations)
    counted = entries.get("counted", np.zeros((rows, 0)))
    features = np.concatenate(
        [np.ones((rows, 1)), entries["day_sine"], entries["day_cosine"], arrived, counted], axis=1
    )
    off = entries["is_on"] < 0.5
    # shares of a start are float32: what is a hair above a whole epoch is that epoch
    left = np.ceil(entries["starts"] * params.start_s / params.epoch_s - 1e-3).astype(np.int64)
    never = np.iinfo(np.int64).max
    left = np.sort(np.where(off, never, left), axis=1)
    return Seen(
        entries["waiting"][:, 0] * in_modules,
        features,
        np.where(left == never, -1, left),
        np.rint(entries["on"][:, 0] * params.modules).astype(np.int64),
    )


def features_of_workload(workload: Workload, scenario: Scenario, params: RackParams) -> NDArray[np.float64]:
    """The features (T, F) of every epoch of a workload, as observations would show them, whatever is played."""
    epochs, per_module = params.episode_epochs, economics(params).load_of_module
    arrived = np.histogram(workload.arrival_s, np.arange(epochs + 1) * params.epoch_s)[0] / per_module
    arrived = np.minimum(arrived, _most_shown(params))
    counts = workload.feeder_counts if workload.feeder_counts is not None else np.zeros((epochs, 0))
    counts = np.minimum(1.0, counts[:epochs] / params.count_scale)
    angle = 2.0 * np.pi * (np.arange(epochs) + 1) * params.epoch_s / params.day_s
    columns = [np.ones(epochs), 0.5 + 0.5 * np.sin(angle), 0.5 + 0.5 * np.cos(angle)]
    columns += [_back(arrived, back) for back in range(_own(scenario))]
    columns += [
        _back(counts[:, feeder], back)
        for back in range(scenario.rack.history_epochs if counts.shape[1] else 0)
        for feeder in range(counts.shape[1])
    ]
    return np.stack(columns, axis=1)


def _back(values: NDArray, epochs: int) -> NDArray[np.float64]:
    """Values so many epochs back, 0 before the first."""
    return np.concatenate([np.zeros(min(epochs, len(values))), values[: max(0, len(values) - epochs)]])


class Forecast(NamedTuple):
    """Expected loads: linear in the features, and how far they are off."""

    weights: NDArray[np.float32]
    """(F, H)"""
    deviation: NDArray[np.float32]
    """(H,) in modules."""


def fit_forecast(scenario: Scenario, workloads: Sequence[Workload], horizon: int, ridge: float) -> Forecast:
    """Weights that foretell, by ridge regression on all workloads, the load of the next `horizon` epochs.

    The first of them is the epoch that begins, whose load is known and is foretold for completeness.
    """
    params = rack_params(scenario)
    size, known = feature_count(scenario), params.episode_epochs - horizon + 1
    if known < 1:
        raise ValueError(f"horizon = {horizon}: must be at most the episode's {params.episode_epochs} epochs")
    gram, moments, squares = np.zeros((size, size)), np.zeros((size, horizon)), np.zeros(horizon)
    for workload in workloads:
        features = features_of_workload(workload, scenario, params)
        goals = np.lib.stride_tricks.sliding_window_view(features[:, 3], horizon)  # (known, H)
        gram += features[:known].T @ features[:known]
        moments += features[:known].T @ goals
        squares += (goals**2).sum(axis=0)
    weights = np.linalg.solve(gram + ridge * np.eye(size), moments)
    missed = squares - 2.0 * (weights * moments).sum(axis=0) + (weights * (gram @ weights)).sum(axis=0)
    count = known * len(workloads)
    return Forecast(weights.astype(np.float32), np.sqrt(np.maximum(0.0, missed) / count).astype(np.float32))
