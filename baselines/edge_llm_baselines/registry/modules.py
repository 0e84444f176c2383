"""The baselines of environments that divide the modules of a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge_llm_baselines.allocation.equal import EqualEverything, EqualModules
from edge_llm_baselines.allocation.joint import BestJoint
from edge_llm_baselines.allocation.partitions import (
    PARTITION_EPISODES,
    BestPartition,
    FixedPartition,
    ProportionalToDemand,
    best_fixed_partition,
)
from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Tunable, allocating
from edge_llm_baselines.residency.clairvoyant.hindsight import hindsight_of_modules
from edge_llm_baselines.residency.tuning import (
    ageing,
    following,
    follows,
    has_phases,
    looking_ahead,
    plans,
    told,
    tune_ages,
    tune_plan,
    tune_threshold,
)
from edge_llm_env.envs.suite import COMPUTE, JOINT
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload


def _bounds_of_modules(env_id: str) -> Callable[[Scenario, Sequence[Workload]], HindsightBounds]:
    """Hindsight of an environment that divides modules: the search begins at its best rule, tuned with seed 0."""

    def bounds(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
        return hindsight_of_modules(env_id, scenario, workloads, _tuned_rules_of_modules(scenario, env_id))

    return bounds


@once_a_scenario
def _tuned_rules_of_modules(scenario: Scenario, env_id: str) -> list[MakePolicy]:
    return {COMPUTE: OF_MODULES, JOINT: OF_EVERYTHING}[env_id].all_tuned(scenario)


def _fixed_partition(scenario: Scenario, seed: int) -> list[float] | None:
    if len(scenario.variants) < 2:
        return None
    workloads = draw_workloads(scenario, PARTITION_EPISODES, seed, Stream.TUNING)
    shares: list[float] = best_fixed_partition(scenario, workloads).shares.tolist()
    return shares


PARTITION = Tunable("partition", _fixed_partition)
"""Shares of the modules that serve most when they never change."""


THRESHOLD = Tunable("threshold", tune_threshold)
"""Of the rule that follows demand: what a move must gain."""

PLAN = Tunable("plan", tune_plan)
"""Of the rule that plans which modules host what: what is kept of the recent mix, and what a move costs."""

AGES = Tunable("ages", tune_ages)
"""Of the rule that plans by how long a phase has lasted: what a move costs."""


def _dividing(whole: Callable[[Allocation], Allocation]) -> dict[str, Baseline]:
    """The rules that divide modules otherwise than equally, each made into a whole action."""

    def rule(
        name: str,
        make: Callable[[Any, Any], Allocation],
        tunable: Tunable | None = None,
        plays: Callable[[Scenario], bool] = lambda scenario: True,
        informed: bool = False,
    ) -> Baseline:
        def policy(env: Any, seed: int, tuned: Any) -> AllocationPolicy:
            return AllocationPolicy(whole(make(env, tuned)), env)

        return Baseline(name, policy, tunable, plays, informed)

    return {
        "proportional": rule("proportional", lambda env, tuned: ProportionalToDemand()),
        "fixed": rule("best fixed partition", lambda env, tuned: FixedPartition(np.array(tuned)), PARTITION),
        "follow": rule("follow the demand", following, THRESHOLD, follows),
        "look-ahead": rule("look-ahead over partitions", looking_ahead, PLAN, plans),
        "ages": rule("look-ahead by a phase's age", ageing, AGES, has_phases),
        "informed": rule("informed: told the phases", lambda env, tuned: told(env), None, has_phases, True),
    }


OF_MODULES = Baselines(
    oracle="best-partition",
    rules={
        "best-partition": allocating("BestPartition", BestPartition),
        "equal": allocating("equal", EqualModules),
        **_dividing(lambda partition: partition),
        "random": RANDOM,
    },
    hindsight=_bounds_of_modules(COMPUTE),
)

OF_EVERYTHING = Baselines(
    oracle="best-joint",
    rules={
        "best-joint": allocating("BestJoint", BestJoint),
        "equal": allocating("equal", EqualEverything),
        **_dividing(EqualEverything),
        "random": RANDOM,
    },
    hindsight=_bounds_of_modules(JOINT),
)
"""Rules of modules take every request to be worth the same; their numbers are those of `Compute-v0`."""
