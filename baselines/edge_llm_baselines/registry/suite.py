"""The baselines of the suite's environments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edge_llm_baselines.allocation.bandwidth import (
    EqualFinishingTime,
    EqualShare,
    EqualValues,
    MinimumShares,
    WaterFilling,
)
from edge_llm_baselines.allocation.equal import EqualEverything, EqualModules
from edge_llm_baselines.allocation.joint import BestJoint
from edge_llm_baselines.allocation.partitions import (
    PARTITION_EPISODES,
    BestPartition,
    FixedPartition,
    ProportionalToDemand,
    best_fixed_partition,
)
from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.hindsight.bands import hindsight_of_bands
from edge_llm_baselines.hindsight.hindsight import HindsightBounds, hindsight_bounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Tunable, allocating, solving
from edge_llm_baselines.registry.levels import OF_LEVELS
from edge_llm_baselines.registry.networks import OF_NETWORKS
from edge_llm_baselines.registry.racks import OF_RACKS
from edge_llm_baselines.residency.clairvoyant.hindsight import hindsight_of_modules
from edge_llm_baselines.residency.tuning import (
    following,
    follows,
    has_phases,
    looking_ahead,
    plans,
    told,
    tune_plan,
    tune_threshold,
)
from edge_llm_baselines.rules.heuristics import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    StaticBatching,
)
from edge_llm_baselines.rules.look_ahead import LookAhead
from edge_llm_baselines.rules.tuning import tune_discount
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_baselines.schedulers.policy import Scheduler, tuned
from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.tasks.hindsight import hindsight_of_tasks
from edge_llm_baselines.tasks.index import chance_values, index_values
from edge_llm_baselines.tasks.orders import (
    Order,
    expected_calls_left,
    expected_slack_per_call,
    expected_work,
    has_tasks,
    remaining_tokens,
)
from edge_llm_baselines.tasks.policy import CallsInOrder
from edge_llm_baselines.tasks.told import told_values
from edge_llm_baselines.tasks.tuning import (
    MakeValues,
    tune_admission,
    tune_chance,
    tune_index,
    tune_stretch,
    valued,
)
from edge_llm_baselines.tasks.valued import ValuedCalls
from edge_llm_baselines.uploads.hindsight import upload_bounds
from edge_llm_baselines.uploads.predictive import PredictiveUploads, tune_uploads
from edge_llm_baselines.uploads.stopping import OptimalStopping, tune_price
from edge_llm_baselines.uploads.table import UPLOAD_RULES
from edge_llm_env.envs.suite import (
    BANDWIDTH,
    BATCH_SELECTION,
    BATCHING,
    COMPUTE,
    CONTINUOUS_BATCHING,
    JOINT,
    MULTI_NODE,
    SCALING,
    SERVICE_LEVEL,
)
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload


def within_epoch(scenario: Scenario) -> bool:
    """Whether an upload that an epoch does not finish is lost."""
    return scenario.radio.transfers == "within_epoch"


def _discount(scenario: Scenario, seed: int) -> float | None:
    return tune_discount(scenario, seed) if within_epoch(scenario) and not has_tasks(scenario) else None


DISCOUNT = Tunable("discount", _discount)
"""δ of the look-ahead rule, which looks at waiting and not at what is sent."""


def carried_over(scenario: Scenario) -> bool:
    """Whether what was sent of an upload stays sent."""
    return not within_epoch(scenario)


def _uploads(scenario: Scenario, seed: int) -> list[float] | None:
    return tune_uploads(scenario, seed) if carried_over(scenario) else None


UPLOADS = Tunable("uploads", _uploads)
"""α and β of the predictive rule of uploads."""


def along_road(scenario: Scenario) -> bool:
    """Whether uploads carry over of users who drive along a road."""
    return carried_over(scenario) and scenario.radio.road is not None


def _price(scenario: Scenario, seed: int) -> float | None:
    return tune_price(scenario, seed) if along_road(scenario) else None


PRICE = Tunable("price", _price)
"""λ of the rule of optimal stopping: of a whole uplink."""


def bounds_of_bands(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """Hindsight where bands are divided; within an epoch, its bound is that of batches."""
    return (hindsight_of_bands if within_epoch(scenario) else upload_bounds)(scenario, workloads)


def _bounds_of_modules(env_id: str) -> Callable[[Scenario, Sequence[Workload]], HindsightBounds]:
    """Hindsight of an environment that divides modules: the search begins at its best rule, tuned with seed 0."""

    def bounds(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
        return hindsight_of_modules(env_id, scenario, workloads, _tuned_rules_of_modules(scenario, env_id))

    return bounds


@once_a_scenario
def _tuned_rules_of_modules(scenario: Scenario, env_id: str) -> list[MakePolicy]:
    known = SUITE[env_id]
    rules = known.playable(scenario, tuned := known.tuned(scenario, 0))
    return [rule.acting(0, rule.of(tuned)) for rule in rules.values()]


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


def _look_ahead(env: Any, discount: float) -> LookAhead:
    return LookAhead(discount, env.unwrapped.scenario.epoch.epoch_s)


INDEX = Tunable("index", tune_index)
"""Epochs per call of the index of tasks."""

CHANCE = Tunable("chance", tune_chance)
"""Epochs per call of the chance to end in time."""

ADMISSION = Tunable("admission", tune_admission)
"""Epochs per call of the index, price of beginning a task, and the least chance with which one is begun."""

STRETCH = Tunable("stretch", tune_stretch)
"""Of the time that an informed rule knows a task to need."""


def _valued(name: str, make: MakeValues, tunable: Tunable) -> Baseline:
    return Baseline(name, lambda env, seed, numbers: valued(make, env, numbers, seed), tunable, has_tasks)


def _in_order(name: str, order: Order, *, informed: bool = False) -> Baseline:
    return Baseline(name, lambda env, seed, tuned: CallsInOrder(order, env), plays=has_tasks, informed=informed)


def bounds_of_batches(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """Hindsight of batches; of agent tasks it serves at least what the best rule does, tuned with seed 0."""
    if has_tasks(scenario):
        return hindsight_of_tasks(scenario, workloads, _tuned_rules_of_tasks(scenario))
    return hindsight_bounds(scenario, workloads)


@once_a_scenario
def _tuned_rules_of_tasks(scenario: Scenario) -> list[MakePolicy]:
    return list(OF_BATCHES.policies(scenario, OF_BATCHES.tuned(scenario, 0), 0).values())


OF_BATCHES = Baselines(
    oracle="dftsp",
    rules={
        "dftsp": solving("DFTSP", DFTSP),
        "look-ahead": Baseline(
            "look-ahead", lambda env, seed, tuned: EpochPolicy(_look_ahead(env, tuned), env), DISCOUNT
        ),
        "sjf": solving("shortest job first", ShortestJobFirst),
        "random": Baseline("random order", lambda env, seed, tuned: EpochPolicy(RandomOrder(seed), env)),
        "fcfs": solving("first come first served", FirstComeFirstServed),
        "stb": Baseline(
            "StB (static batching)",
            lambda env, seed, tuned: EpochPolicy(StaticBatching.for_scenario(env.unwrapped.scenario), env),
        ),
        "edf": solving("earliest deadline first", EarliestDeadlineFirst),
        "nob": solving("NoB (no batching)", NoBatching),
        "task-index": _valued("index of tasks, tuned slack", index_values, INDEX),
        "task-admission": _valued("index of tasks, priced admission", index_values, ADMISSION),
        "task-values": _valued("DFTSP with values by task", chance_values, CHANCE),
        "expected-work": Baseline(
            "least work left on average",
            lambda env, seed, tuned: CallsInOrder(expected_work(env.unwrapped.scenario, seed), env),
            plays=has_tasks,
        ),
        "fewest-calls": _in_order("fewest calls left on average", expected_calls_left),
        "slack-per-call": _in_order("least slack per call left", expected_slack_per_call),
        "shortest-remaining": _in_order("informed: shortest remaining work", remaining_tokens, informed=True),
        "told-calls": Baseline(
            "informed: told the calls",
            lambda env, seed, stretch: ValuedCalls(told_values(stretch), env),
            STRETCH,
            has_tasks,
            informed=True,
        ),
    },
    hindsight=bounds_of_batches,
)

OF_BANDS = Baselines(
    oracle="minimum-shares",
    rules={
        "minimum-shares": allocating("MinimumShares", MinimumShares),
        "equal-values": allocating("equal values", EqualValues),
        "equal": allocating("equal", EqualShare, within_epoch),
        "equal-finishing-time": allocating("equal finishing time", EqualFinishingTime, within_epoch),
        "water-filling": allocating("water-filling", WaterFilling, within_epoch),
        "look-ahead": Baseline(
            "look-ahead, least shares",
            lambda env, seed, tuned: AllocationPolicy(MinimumShares(_look_ahead(env, tuned)), env),
            DISCOUNT,
        ),
        "predictive": Baseline(
            "predictive",
            lambda env, seed, tuned: AllocationPolicy(PredictiveUploads(*tuned), env),
            UPLOADS,
            plays=carried_over,
        ),
        "stopping": Baseline(
            "optimal stopping",
            lambda env, seed, tuned: AllocationPolicy(OptimalStopping(tuned, env.unwrapped.scenario), env),
            PRICE,
            plays=along_road,
        ),
        **{key: allocating(name, make, carried_over) for key, (name, make) in UPLOAD_RULES.items()},
        "random": RANDOM,
    },
    hindsight=bounds_of_bands,
)

OF_MODULES = Baselines(
    oracle="best-partition",
    rules={
        "best-partition": allocating("BestPartition", BestPartition),
        "equal": allocating("equal", EqualModules),
        "proportional": allocating("proportional", ProportionalToDemand),
        "fixed": Baseline(
            "best fixed partition",
            lambda env, seed, tuned: AllocationPolicy(FixedPartition(np.array(tuned)), env),
            PARTITION,
        ),
        "follow": Baseline(
            "follow the demand",
            lambda env, seed, tuned: AllocationPolicy(following(env, tuned), env),
            THRESHOLD,
            follows,
        ),
        "look-ahead": Baseline(
            "look-ahead over partitions",
            lambda env, seed, tuned: AllocationPolicy(looking_ahead(env, tuned), env),
            PLAN,
            plans,
        ),
        "informed": Baseline(
            "informed: told the phases",
            lambda env, seed, tuned: AllocationPolicy(told(env), env),
            plays=has_phases,
            informed=True,
        ),
        "random": RANDOM,
    },
    hindsight=_bounds_of_modules(COMPUTE),
)

OF_EVERYTHING = Baselines(
    oracle="best-joint",
    rules={
        "best-joint": allocating("BestJoint", BestJoint),
        "equal": allocating("equal", EqualEverything),
        "fixed": Baseline(
            "best fixed partition",
            lambda env, seed, tuned: AllocationPolicy(EqualEverything(FixedPartition(np.array(tuned))), env),
            PARTITION,
        ),
        "random": RANDOM,
    },
    hindsight=_bounds_of_modules(JOINT),
)


def _scheduling(name: str, scheduler: Scheduler) -> Baseline:
    return Baseline(name, lambda env, seed, numbers: tuned(scheduler, env, seed))


OF_ITERATIONS = Baselines(
    oracle="cheapest",
    rules={key: _scheduling(name, scheduler) for key, (name, scheduler) in SCHEDULERS.items()} | {"random": RANDOM},
    hindsight=hindsight_of_iterations,
)

SUITE = {
    BATCHING: replace(OF_BATCHES, solved_in=BATCH_SELECTION),
    BATCH_SELECTION: OF_BATCHES,
    BANDWIDTH: OF_BANDS,
    COMPUTE: OF_MODULES,
    JOINT: OF_EVERYTHING,
    CONTINUOUS_BATCHING: OF_ITERATIONS,
    MULTI_NODE: OF_NETWORKS,
    SCALING: OF_RACKS,
    SERVICE_LEVEL: OF_LEVELS,
}
"""By the id of the environment."""
