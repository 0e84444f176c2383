"""Schedulers as policies, and their numbers tuned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 6
"""Workloads that numbers are tuned on."""

BUDGETS = (256.0, 512.0, 1024.0, 2048.0)
"""Budgets to try: Sarathi-Serve's search has 256 to 4096 tokens."""


class Scheduler(NamedTuple):
    """A rule by which an engine schedules, and the values of its numbers to try."""

    choose_rows: Callable[..., None]
    """Compiled `(params, state, numbers (R, K), actions (R,))`: write the actions of all rows."""
    grid: tuple[tuple[float, ...], ...] = ()
    """Of each number."""

    def candidates(self) -> list[tuple[float, ...]]:
        """Every combination of numbers of the grid that tuning tries; one of none where there is no grid."""
        return list(product(*self.grid))


class SchedulerPolicy:
    """A scheduler on an environment: actions from the rows' states, at once for all.

    `numbers` are those of all rows, (K,), or of each row, (rows, K).
    """

    def __init__(self, scheduler: Scheduler, numbers: Sequence[float] | NDArray[np.float64], env: Any) -> None:
        self._choose_rows = scheduler.choose_rows
        inner = [one.unwrapped for one in env.envs] if hasattr(env, "envs") else [env.unwrapped]
        self._simulations: list[EngineSimulation] = [one.simulation for one in inner]
        rows = [len(simulation.state.requests) for simulation in self._simulations]
        given = np.array(numbers, dtype=np.float64)
        each = np.broadcast_to(given, (sum(rows), given.shape[-1])).copy()  # in one layout, for one compiled form
        self._numbers = np.split(each, np.cumsum(rows)[:-1])

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        chosen = []
        for simulation, numbers in zip(self._simulations, self._numbers, strict=True):
            actions = np.zeros(len(simulation.state.requests), dtype=np.int64)
            direct(self._choose_rows)(simulation.params, simulation.state, numbers, actions)
            chosen.append(actions)
        actions = np.concatenate(chosen)
        return (actions[0] if observation.ndim == 1 else actions), state


def tuned(scheduler: Scheduler, env: Any, seed: int) -> SchedulerPolicy:
    """The scheduler with the numbers that serve most on training workloads of the environment's scenario."""
    inner = env.envs[0].unwrapped if hasattr(env, "envs") else env.unwrapped
    return SchedulerPolicy(scheduler, tuned_numbers(scheduler, inner.scenario, seed), env)


def tuned_numbers(scheduler: Scheduler, scenario: Scenario, seed: int = 0) -> tuple[float, ...]:
    """Of all candidates the one that serves most on `TUNING_EPISODES` workloads, the first of equal ones.

    Equal seeds, equal numbers.
    """
    return _tuned_numbers(scenario, scheduler, seed)


@once_a_scenario
def _tuned_numbers(scenario: Scenario, scheduler: Scheduler, seed: int) -> tuple[float, ...]:
    candidates = scheduler.candidates()
    if len(candidates) == 1:
        return candidates[0]
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)

    each = np.repeat(np.array(candidates), TUNING_EPISODES, axis=0)
    found = roll_out(
        lambda env: SchedulerPolicy(scheduler, each, env), CONTINUOUS_BATCHING, scenario, workloads * len(candidates)
    )
    return candidates[int(found.served.reshape(len(candidates), -1).sum(axis=1).argmax())]
