"""The baselines of a rack's modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_llm_baselines.racks.clairvoyant import hindsight_of_racks, most_earned
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.planned import Told
from edge_llm_baselines.racks.reactive import KeepAlive
from edge_llm_baselines.racks.smoothing import OwnAndFeeders
from edge_llm_baselines.racks.summed import summed, tune_summed
from edge_llm_baselines.racks.tuning import (
    UNTUNED,
    grouped,
    own_and_feeders,
    threshold,
    time_of_day,
    trend,
    tune_feeders,
    tune_fixed,
    tune_grouping,
    tune_keep_alive,
    tune_profile,
    tune_threshold,
    tune_trend,
)
from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Earning, Tunable
from edge_llm_env.envs.scaling.observation import chooses_groups
from edge_llm_env.scenarios.schema import Scenario


def has_feeders(scenario: Scenario) -> bool:
    """Whether crowds are counted at feeder cells, of which a rule can be told."""
    return scenario.workload.arrivals.counted.feeders > 0


def _departures(env: Any, seed: int, tuned: Sequence[float] | None) -> OwnAndFeeders:
    """The rule that others are held against; where nobody has tuned it, it looks at its own load alone."""
    return own_and_feeders(env, UNTUNED if tuned is None else tuned)


OF_RACKS = Baselines(
    oracle="own-and-feeders",
    rules={
        "own-and-feeders": Baseline(
            "own load and departures",
            _departures,
            Tunable("departures", tune_feeders),
        ),
        "threshold": Baseline(
            "threshold (horizontal pod autoscaler)",
            lambda env, seed, tuned: threshold(env, tuned),
            Tunable("autoscaler", tune_threshold),
        ),
        "keep-alive": Baseline(
            "keep-alive", lambda env, seed, tuned: KeepAlive(env, tuned), Tunable("kept_epochs", tune_keep_alive)
        ),
        "trend": Baseline(
            "exponential smoothing with trend",
            lambda env, seed, tuned: trend(env, tuned),
            Tunable("trend", tune_trend),
        ),
        "time-of-day": Baseline(
            "time of day", lambda env, seed, tuned: time_of_day(env, tuned), Tunable("profile", tune_profile)
        ),
        "summed": Baseline(
            "all feeders together, planned",
            lambda env, seed, tuned: summed(env, tuned),
            Tunable("summed", tune_summed),
        ),
        "fixed-groups": Baseline(
            "groups of one size, best at the expected rate",
            lambda env, seed, tuned: grouped(env, tuned),
            Tunable("fixed_groups", tune_fixed),
            plays=chooses_groups,
        ),
        "groups": Baseline(
            "groups of the size that is best at the expected rate",
            lambda env, seed, tuned: grouped(env, tuned),
            Tunable("groups", tune_grouping),
            plays=chooses_groups,
        ),
        "informed": Baseline(
            "informed: told the feeders", lambda env, seed, tuned: Told(env), plays=has_feeders, informed=True
        ),
        "random": RANDOM,
    },
    hindsight=hindsight_of_racks,
    earning=Earning(earned, most_earned),
)
