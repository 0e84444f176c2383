"""The numbers of the rules of a rack, chosen by what they earn on workloads that nothing is evaluated on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.economics import economics
from edge_llm_baselines.racks.planned import TimeOfDay
from edge_llm_baselines.racks.reactive import KeepAlive, Threshold
from edge_llm_baselines.racks.smoothing import ANY, Grouped, OwnAndFeeders, Trend
from edge_llm_env.envs.scaling.observation import chooses_groups
from edge_llm_env.rack.params import rack_params
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 30
"""Workloads that numbers are chosen on."""

TARGETS, STABILISATIONS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2), (0, 2, 4, 8, 12, 20, 30, 60)
"""Of `Threshold`: load per module, and epochs."""

KEPT = (0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 30, 45, 60, 90, 240)
"""Epochs of `KeepAlive`."""

LEVELS, TRENDS, MARGINS = (0.1, 0.2, 0.4, 0.7), (0.0, 0.05, 0.2), (0.5, 0.8, 1.0, 1.2, 1.5)
"""Of `Trend`."""

CANDIDATES, REFINED = 120, 120
"""Of `OwnAndFeeders`: drawn at random, and then near the best."""

SMOOTHED, GROUP_MARGINS, GROUP_KEPT = (0.1, 0.3, 1.0), (1.0, 1.2, 1.5), (0, 4, 12)
"""Of `Grouped`."""

PAYBACKS = (12.0, 24.0, 48.0, 96.0)
"""Epochs of `Grouped` where it chooses the size."""

UNTUNED = (0.2, 1.0, 0.5, 0.0, 0.0, 4.0)
"""Of `OwnAndFeeders`, what a search begins with: the own load, smoothed, and half a module."""

DAY_PARTS = 240
"""Times of the day that a profile tells apart."""


def tune_threshold(scenario: Scenario, seed: int) -> list[float]:
    """Target and epochs of stabilisation."""
    return _best(scenario, seed, [list(one) for one in product(TARGETS, STABILISATIONS)], threshold)


def threshold(env: Any, tuned: Sequence[float]) -> Threshold:
    """`Threshold` in an environment, with the target and the epochs that `tune_threshold` chose."""
    return Threshold(env, float(tuned[0]), int(tuned[1]))


def tune_keep_alive(scenario: Scenario, seed: int) -> int:
    """Epochs that a module is kept for."""
    kept: int = _best(scenario, seed, KEPT, KeepAlive)
    return kept


def tune_trend(scenario: Scenario, seed: int) -> list[float]:
    """Weights of level and trend, and the margin."""
    return _best(scenario, seed, [list(one) for one in product(LEVELS, TRENDS, MARGINS)], trend)


def trend(env: Any, tuned: Sequence[float]) -> Trend:
    """`Trend` in an environment, with the numbers that `tune_trend` chose."""
    return Trend(env, *(float(one) for one in tuned))


def tune_profile(scenario: Scenario, seed: int) -> list[float]:
    """Mean load at each time of the day, in modules."""
    params = rack_params(scenario)
    loads = np.zeros(DAY_PARTS)
    epochs = np.zeros(DAY_PARTS)
    for workload in draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING):
        counts = np.histogram(workload.arrival_s, np.arange(scenario.epoch.episode_epochs + 1) * params.epoch_s)[0]
        at = (np.arange(len(counts)) * params.epoch_s / params.day_s * DAY_PARTS).astype(np.int64) % DAY_PARTS
        np.add.at(loads, at, counts)
        np.add.at(epochs, at, 1.0)
    known = epochs > 0
    mean = loads.sum() / epochs.sum()
    profile = np.where(known, loads / np.maximum(epochs, 1.0), mean) / economics(params).load_of_module
    return [round(one, 4) for one in profile.tolist()]


def time_of_day(env: Any, profile: Sequence[float]) -> TimeOfDay:
    """`TimeOfDay` in an environment, with the profile that `tune_profile` measured."""
    return TimeOfDay(env, np.array(profile))


def tune_feeders(scenario: Scenario, seed: int) -> list[float]:
    """The six numbers of `OwnAndFeeders`, by a random search and one near its best."""
    rng = np.random.default_rng((seed, 17))
    has_feeders = rack_params(scenario).feeders > 0

    def drawn() -> list[float]:
        return [
            float(rng.choice([0.05, 0.1, 0.2, 0.35, 0.6, 1.0])),
            rng.uniform(0.0, 1.4),
            rng.uniform(-0.5, 3.0),
            rng.uniform(0.0, 2.0) if has_feeders else 0.0,
            float(rng.integers(0, 16)) if has_feeders else 0.0,
            float(rng.choice([0, 1, 2, 4, 8, 16])),
        ]

    def near(one: list[float]) -> list[float]:
        smoothed, own, constant, feeders, lag, kept = one
        return [
            float(np.clip(smoothed * np.exp(0.3 * rng.normal()), 0.02, 1.0)),
            max(0.0, own + 0.1 * rng.normal()),
            constant + 0.25 * rng.normal(),
            max(0.0, feeders + 0.15 * rng.normal()) if has_feeders else 0.0,
            float(max(0, lag + rng.integers(-2, 3))) if has_feeders else 0.0,
            float(max(0, kept + rng.integers(-2, 3))),
        ]

    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)

    def value(one: list[float]) -> float:
        return float(earned(lambda env: own_and_feeders(env, one), scenario, workloads).reward.mean())

    best, most = list(UNTUNED), -np.inf
    for at in range(CANDIDATES + REFINED):
        one = best if at == 0 else (drawn() if at < CANDIDATES else near(best))
        found = value(one)
        if found > most:
            best, most = one, found
    return [round(one, 4) for one in best]


def own_and_feeders(env: Any, tuned: Sequence[float]) -> OwnAndFeeders:
    """`OwnAndFeeders` in an environment, with the numbers that `tune_feeders` chose."""
    smoothed, own, constant, feeders, lag, kept = tuned
    return OwnAndFeeders(env, smoothed, own, constant, feeders, int(lag), int(kept))


def tune_fixed(scenario: Scenario, seed: int) -> list[float] | None:
    """Numbers of `Grouped` with one size for all of an episode; None where none is chosen."""
    return _best_groups(scenario, seed, list(range(len(scenario.rack.group_sizes or ()))), [0.0])


def tune_grouping(scenario: Scenario, seed: int) -> list[float] | None:
    """Numbers of `Grouped` that chooses the size; None where none is chosen."""
    return _best_groups(scenario, seed, [ANY], list(PAYBACKS))


def _best_groups(scenario: Scenario, seed: int, places: list[int], paybacks: list[float]) -> list[float] | None:
    if not chooses_groups(scenario):
        return None
    choices = [list(one) for one in product(SMOOTHED, GROUP_MARGINS, GROUP_KEPT, places, paybacks)]
    best: list[float] = _best(scenario, seed, choices, grouped)
    return best


def grouped(env: Any, tuned: Sequence[float]) -> Grouped:
    """`Grouped` in an environment, with what `tune_fixed` or `tune_grouping` chose."""
    smoothed, margin, kept_epochs, place, payback_epochs = tuned
    return Grouped(env, smoothed, margin, int(kept_epochs), int(place), payback_epochs)


def _best(scenario: Scenario, seed: int, choices: Sequence[Any], make: Callable[[Any, Any], Any]) -> Any:
    """The choice that earns most on the tuning workloads, the first of equal ones."""
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)

    def value(choice: Any) -> float:
        return float(earned(lambda env: make(env, choice), scenario, workloads).reward.mean())

    return max(choices, key=value)
