"""The baselines of service levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_llm_baselines.levels.bounds import hindsight_of_levels
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.reward_bound import most_by_levels
from edge_llm_baselines.levels.rules import LevelPolicy, Order, best, cheapest, exact_levels, greedy_levels, per_second
from edge_llm_baselines.levels.tuning import tune_waits
from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Earning, Tunable
from edge_llm_baselines.residency.tuning import has_phases, looking_ahead, told, tune_plan
from edge_llm_env.scenarios.schema import Scenario


def _greedy(name: str, order: Order) -> Baseline:
    return Baseline(name, lambda env, seed, tuned: LevelPolicy(env, greedy_levels(order)))


def _tuned_plan(scenario: Scenario, seed: int) -> list[float] | None:
    """A plan looks for the mix of classes that is to come, and at who is served, not how well."""
    return tune_plan(scenario, seed) if has_phases(scenario) else None


def _planned(env: Any, seed: int, tuned: Sequence[float]) -> LevelPolicy:
    return LevelPolicy(env, exact_levels(), looking_ahead(env, tuned))


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
        "planned": Baseline(
            "BestLevels, modules by look-ahead", _planned, Tunable("level_plan", _tuned_plan), plays=has_phases
        ),
        "informed": Baseline(
            "informed: told the phases",
            lambda env, seed, tuned: LevelPolicy(env, exact_levels(), told(env)),
            plays=has_phases,
            informed=True,
        ),
        "random": RANDOM,
    },
    hindsight=hindsight_of_levels,
    earning=Earning(earned_by_levels, most_by_levels),
)
