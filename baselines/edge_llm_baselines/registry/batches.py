"""The baselines of environments that choose an epoch's batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_llm_baselines.hindsight.hindsight import HindsightBounds, one_model_bounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.registry import calls
from edge_llm_baselines.registry.baseline import Baseline, Baselines, Tunable, solving
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
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.tasks.clairvoyant.hindsight import hindsight_of_tasks
from edge_llm_baselines.tasks.orders import has_tasks
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def within_epoch(scenario: Scenario) -> bool:
    """Whether an upload that an epoch does not finish is lost."""
    return scenario.radio.transfers == "within_epoch"


def _discount(scenario: Scenario, seed: int) -> float | None:
    return tune_discount(scenario, seed) if within_epoch(scenario) and not has_tasks(scenario) else None


DISCOUNT = Tunable("discount", _discount)
"""δ of the look-ahead rule, which looks at waiting and not at what is sent."""


def looks_ahead(env: Any, discount: float) -> LookAhead:
    """The look-ahead rule, tuned, for the epochs of an environment."""
    return LookAhead(discount, env.unwrapped.scenario.epoch.epoch_s)


def bounds_of_batches(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """Hindsight of batches; of agent tasks it serves at least what the best rule does, tuned with seed 0."""
    if has_tasks(scenario):
        return hindsight_of_tasks(scenario, workloads, _tuned_rules_of_tasks(scenario))
    return one_model_bounds(scenario, workloads)


@once_a_scenario
def _tuned_rules_of_tasks(scenario: Scenario) -> list[MakePolicy]:
    return list(OF_BATCHES.policies(scenario, OF_BATCHES.tuned(scenario, 0), 0).values())


OF_BATCHES = Baselines(
    oracle="dftsp",
    rules={
        "dftsp": solving("DFTSP", DFTSP),
        "look-ahead": Baseline(
            "look-ahead", lambda env, seed, tuned: EpochPolicy(looks_ahead(env, tuned), env), DISCOUNT
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
        **calls.RULES,
    },
    hindsight=bounds_of_batches,
)
