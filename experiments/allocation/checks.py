"""Whether oracles of allocations keep their word: their action serves what they say, and no other serves more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.bandwidth import MinimumShares
from edge_llm_baselines.allocation.joint import BestJoint
from edge_llm_baselines.allocation.partitions import BestPartition, logits_of
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baseline, baselines_of
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import draw_workloads
from experiments.allocation.separation import separation
from experiments.allocation.tried_actions import local_search, mechanism_of, random_actions, served_by_actions

ROWS = 16
"""Rows that are played at the same time to reach states."""


class Claim(NamedTuple):
    """What an oracle says of a row's epoch."""

    action: NDArray[np.float64]
    served: int
    """By its action."""
    upper_bound: int
    """No action serves more."""


def claim_of_minimum_shares(simulation: Simulation, row: int) -> Claim:
    """`MinimumShares` in `Bandwidth-v0`."""
    value = int(BranchAndBound().solve(BatchProblem.of_row(simulation, row)).value)
    return Claim(MinimumShares().action(simulation, row), value, value)


def claim_of_best_partition(simulation: Simulation, row: int) -> Claim:
    """`BestPartition` in `Compute-v0`."""
    counts, served = BestPartition().best(simulation, row)
    return Claim(logits_of(counts), served, served)


def claim_of_best_joint(simulation: Simulation, row: int) -> Claim:
    """`BestJoint` in `Joint-v0`."""
    oracle = BestJoint()
    solution = oracle.solve(simulation, row)
    return Claim(oracle.action_of(solution, simulation, row), solution.served, solution.upper_bound)


CLAIMS: dict[type, Callable[[Simulation, int], Claim]] = {
    MinimumShares: claim_of_minimum_shares,
    BestPartition: claim_of_best_partition,
    BestJoint: claim_of_best_joint,
}
"""What an oracle of allocations says."""


def claims_of(env_id: str, scenario: Scenario) -> Callable[[Simulation, int], Claim]:
    """What the oracle says that the registry has for an environment of allocations."""
    env = gym.make(env_id, scenario=scenario)
    oracle: Any = baseline(env_id, "oracle").policy(env, 0, None)
    env.close()
    return CLAIMS[type(oracle.allocation)]


def states(
    env_id: str, scenario: Scenario, count: int, seed: int, form: str | None = None
) -> Iterator[tuple[Simulation, int]]:
    """So many states that random actions reach on random workloads; each is valid until the next is asked.

    `form` is that of the action, where there is a choice; so it is in the checks below.
    """
    options: dict[str, Any] = {} if form is None else {"action": form}
    env: Any = gym.make_vec(
        env_id, num_envs=ROWS, vectorization_mode="vector_entry_point", scenario=scenario, **options
    )
    simulation, _ = rows_of(env)[0]
    rng = np.random.default_rng(seed)
    env.reset(seed=seed)
    seen = 0
    while True:
        for row in range(ROWS):
            if seen == count:
                return
            yield simulation, row
            seen += 1
        env.step(random_actions(rng, ROWS, env.action_space.shape[1]))


def replay(env_id: str, scenario: Scenario, count: int, seed: int = 0, form: str | None = None) -> dict[str, Any]:
    """How often the oracle's action serves other than the oracle says."""
    mechanism, claim_of, wrong, visible, optimal = mechanism_of(env_id, form), claims_of(env_id, scenario), 0, [], 0
    for simulation, row in states(env_id, scenario, count, seed, form):
        claim = claim_of(simulation, row)
        wrong += int(served_by_actions(mechanism, simulation, row, claim.action[None])[0]) != claim.served
        optimal += claim.served == claim.upper_bound
        visible.append(int(simulation.state.visible[row]))
    return {"states": count, "wrong": wrong, "proven_optimal": optimal, "mean_visible": float(np.mean(visible))}


def contest(
    env_id: str,
    scenario: Scenario,
    count: int,
    actions: int,
    rounds: int,
    seed: int = 0,
    form: str | None = None,
) -> dict[str, Any]:
    """How often a random action, or a local search from the oracle's own, serves more than the oracle allows."""
    mechanism, claim_of, rng = mechanism_of(env_id, form), claims_of(env_id, scenario), np.random.default_rng([seed, 1])
    report = {"above_bound": 0, "above_served": 0, "random_reaches_served": 0}
    for simulation, row in states(env_id, scenario, count, seed, form):
        claim = claim_of(simulation, row)
        tried = random_actions(rng, actions, len(claim.action))
        most = int(served_by_actions(mechanism, simulation, row, tried).max())
        found = local_search(mechanism, simulation, row, claim.action, rng, rounds=rounds, per_round=64)
        report["above_bound"] += max(most, found) > claim.upper_bound
        report["above_served"] += max(most, found) > claim.served
        report["random_reaches_served"] += most >= claim.served
    return {"states": count, "random_actions": actions, "nearby_actions": 64 * rounds} | report


def separation_of(env_id: str, scenario: Scenario, episodes: int, seed: int = 0) -> dict[str, Any]:
    """Every baseline of an environment on the same workloads, each compared with the oracle (`separation`).

    Raises ValueError for less than two episodes, of which no interval can be told.
    """
    if episodes < 2:
        raise ValueError(f"episodes = {episodes}: must be at least 2")
    workloads, baselines = draw_workloads(scenario, episodes, seed), baselines_of(env_id)
    tuned = baselines.tuned(scenario, seed)
    served = {
        key: roll_out(rule.acting(seed, rule.of(tuned)), env_id, scenario, workloads).served
        for key, rule in baselines.playable(scenario, tuned).items()
    }
    return {"scenario": scenario.name} | separation(served, baselines.oracle)
