"""The numbers of the rules that follow demand or plan ahead of it, tuned on workloads that nothing is evaluated on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.residency.following import FollowDemand
from edge_llm_baselines.residency.forecasts import Fading, Phases
from edge_llm_baselines.residency.planned import PlannedModules
from edge_llm_baselines.residency.transitions import can_plan
from edge_llm_env.dynamics.params import node_params
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 4
"""Workloads that numbers are chosen on."""

THRESHOLDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)
"""Of `FollowDemand`."""

KEPT, MOVE_COSTS = (1.0, 0.95, 0.88, 0.75), (0.0, 2.0)
"""Of `PlannedModules` with `Fading`: what is kept of the recent mix in an epoch, and what a move costs (requests)."""

AGE_MOVE_COSTS = (0.0, 0.5, 2.0)
"""Of a plan by the age of a phase."""

TOLD_MOVE_COST = 0.5
"""Of a plan that is told the phases."""

HORIZON_EPOCHS = 12
"""Of plans."""


def follows(scenario: Scenario) -> bool:
    """Whether there is anything to follow, and lists of token counts that say what requests take."""
    lengths = scenario.workload.prompt_tokens, scenario.workload.output_tokens
    return len(scenario.variants) > 1 and all(isinstance(one, tuple) for one in lengths)


def plans(scenario: Scenario) -> bool:
    """Whether there are few enough ways to move modules for a plan."""
    return follows(scenario) and can_plan(node_params(scenario, hosts_variants=True, keeps_split=True))


def has_phases(scenario: Scenario) -> bool:
    """Whether there are phases that a plan can be told of."""
    return scenario.workload.classes is not None and plans(scenario)


def following(env: Any, threshold: float) -> FollowDemand:
    """`FollowDemand` for an environment, with the threshold that is tuned for its scenario."""
    simulation = rows_of(env)[0][0]
    return FollowDemand(simulation.scenario, simulation, threshold)


def looking_ahead(env: Any, kept_and_cost: Sequence[float]) -> PlannedModules:
    """`PlannedModules` with `Fading` for an environment."""
    simulation = rows_of(env)[0][0]
    kept, move_cost = kept_and_cost
    return PlannedModules(simulation, Fading(simulation.scenario, kept), move_cost, HORIZON_EPOCHS)


def ageing(env: Any, move_cost: float) -> PlannedModules:
    """`PlannedModules` for an environment by how long phases last and what each is like, but not what follows what."""
    simulation = rows_of(env)[0][0]
    return PlannedModules(simulation, Phases(simulation.scenario, knows_order=False), move_cost, HORIZON_EPOCHS)


def told(env: Any) -> PlannedModules:
    """`PlannedModules` for an environment, told how its phases follow each other."""
    simulation = rows_of(env)[0][0]
    return PlannedModules(simulation, Phases(simulation.scenario, knows_order=True), TOLD_MOVE_COST, HORIZON_EPOCHS)


def tune_threshold(scenario: Scenario, seed: int) -> float | None:
    """The threshold of THRESHOLDS that serves most, the smallest of equal ones; None where nothing is to be tuned."""
    return _best(scenario, seed, THRESHOLDS, following) if follows(scenario) else None


def tune_plan(scenario: Scenario, seed: int) -> list[float] | None:
    """Of KEPT and MOVE_COSTS those that serve most; None where nothing is to be tuned."""
    if not plans(scenario):
        return None
    # Where there is one class, no mix can come closer to another.
    kept = KEPT if scenario.workload.classes is not None else KEPT[:1]
    return _best(scenario, seed, [list(one) for one in product(kept, MOVE_COSTS)], looking_ahead)


def tune_ages(scenario: Scenario, seed: int) -> float | None:
    """What a move costs a plan by the age of a phase, that serves most; None where there are no phases."""
    return _best(scenario, seed, AGE_MOVE_COSTS, ageing) if has_phases(scenario) else None


def _best(scenario: Scenario, seed: int, choices: Sequence[Any], make: Callable[[Any, Any], Allocation]) -> Any:
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)

    def served(choice: Any) -> int:
        played = roll_out(lambda env: AllocationPolicy(make(env, choice), env), COMPUTE, scenario, workloads)
        return int(played.served.sum())

    return max(choices, key=served)
