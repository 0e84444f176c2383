"""The best schedule known of an engine's episodes: of all who played, and of searches that begin at the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import roll_out_in, vector_of
from edge_llm_baselines.schedulers.clairvoyant.hindsight import MOVES
from edge_llm_baselines.schedulers.clairvoyant.search import schedule_in_hindsight
from edge_llm_baselines.schedulers.policy import tuned_numbers
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_env.engine.state import COMPLETED, N_PREEMPTED, RUNNING
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


class Outcome(NamedTuple):
    """What a policy did on E workloads of up to N requests."""

    served: NDArray[np.int64]
    """(E,) requests, or tasks."""
    taken: NDArray[np.bool_]
    """(E, N) who was completed or runs at the end."""
    preempted: int
    """On all workloads."""
    memory: float
    """Share of the cache in use, in the mean."""


def play_engine(make_policy: MakePolicy, scenario: Scenario, workloads: Sequence[Workload]) -> Outcome:
    """A policy on every workload, one row each, deterministic."""
    env = vector_of(CONTINUOUS_BATCHING, scenario, workloads)
    found = roll_out_in(env, make_policy(env), workloads)
    state = env.unwrapped.simulation.state
    outcome = Outcome(
        served=found.served,
        taken=(state.status == COMPLETED) | (state.status == RUNNING),
        preempted=int(state.counters[:, N_PREEMPTED].sum()),
        memory=float(found.utilisation[:, 2].mean()),
    )
    env.close()
    return outcome


def best_known(
    scenario: Scenario,
    workloads: Sequence[Workload],
    bounds: HindsightBounds,
    played: Sequence[Outcome],
    moves: int = MOVES,
) -> HindsightBounds:
    """The bounds with the best schedule known of each workload, the first ones that everybody played.

    Where requests are on their own, a search begins at whom the best of these took.
    """
    served = np.array([one.served[: len(workloads)] for one in played])
    best = np.maximum(bounds.served, served.max(axis=0))
    if scenario.workload.tasks is None:
        numbers = tuned_numbers(CHEAPEST, scenario)
        for at, workload in enumerate(workloads):
            taken = played[int(served[:, at].argmax())].taken[at, : workload.requests]
            found = schedule_in_hindsight(scenario, workload, numbers, moves, taken=taken)
            best[at] = max(best[at], found)
    return bounds._replace(served=best)
