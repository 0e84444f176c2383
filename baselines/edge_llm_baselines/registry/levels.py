"""The baselines of service levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_llm_baselines.allocation.policy import Allocation
from edge_llm_baselines.levels.bounds import hindsight_of_levels
from edge_llm_baselines.levels.clairvoyant import scheduled_by_levels
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.reward_bound import most_by_levels
from edge_llm_baselines.levels.rules import (
    LevelPolicy,
    Order,
    best,
    cheapest,
    exact_levels,
    greedy_levels,
    moving,
    per_second,
)
from edge_llm_baselines.levels.tuning import fixed, has_variants, tune_partition, tune_plan, tune_threshold, tune_waits
from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Earning, Tunable
from edge_llm_baselines.residency.tuning import following, has_phases, looking_ahead, told
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def _greedy(name: str, order: Order) -> Baseline:
    return Baseline(name, lambda env, seed, tuned: LevelPolicy(env, greedy_levels(order)))


def _moving(
    who: str,
    make: Callable[[Any, Any], Allocation],
    tunable: Tunable,
    plays: Callable[[Scenario], bool] = has_phases,
) -> Baseline:
    """Exact levels, and a rule of `Compute-v0` that moves the modules, as a rule where there are phases."""
    return Baseline(
        f"BestLevels, modules {who}", lambda env, seed, tuned: moving(env, make(env, tuned)), tunable, plays
    )


def _scheduled(scenario: Scenario, workload: Workload) -> Earned:
    """The search for a schedule begins at the best rule, tuned with seed 0."""
    return scheduled_by_levels(scenario, workload, _tuned_rules_of_levels(scenario))


@once_a_scenario
def _tuned_rules_of_levels(scenario: Scenario) -> list[MakePolicy]:
    return OF_LEVELS.all_tuned(scenario)


OF_LEVELS = Baselines(
    oracle="best-levels",
    rules={
        "best-levels": Baseline(
            "BestLevels, modules as they are", lambda env, seed, tuned: LevelPolicy(env, exact_levels())
        ),
        "cheapest": _greedy("cheapest admissible", cheapest),
        "best": _greedy("best admissible", best),
        "per-second": _greedy("utility per second", per_second),
        "look-ahead": Baseline(
            "look-ahead, modules as they are",
            lambda env, seed, waits: LevelPolicy(env, exact_levels(waits)),
            Tunable("waits", tune_waits),
        ),
        "fixed": _moving(
            "of the best fixed partition", fixed, Tunable("level_partition", tune_partition), has_variants
        ),
        "follow": _moving("that follow the demand", following, Tunable("level_threshold", tune_threshold)),
        "planned": _moving("by look-ahead", looking_ahead, Tunable("level_plan", tune_plan)),
        "informed": Baseline(
            "informed: told the phases",
            lambda env, seed, tuned: moving(env, told(env)),
            plays=has_phases,
            informed=True,
        ),
        "random": RANDOM,
    },
    hindsight=hindsight_of_levels,
    earning=Earning(earned_by_levels, most_by_levels, _scheduled),
)
