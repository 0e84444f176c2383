"""Rules of service levels: greedy orders of pairs of a request and a level, and who decides the modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.levels.epoch import LevelsEpoch, epoch_of_row
from edge_llm_baselines.levels.exact.best_levels import BestLevels, LevelsFound
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.solvers.greedy import compute_times_alone_s
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.settling.variants import delays_after, groups_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.values.partition import wanted_modules
from edge_llm_env.envs.service_level.levels import in_turn
from edge_llm_env.envs.service_level.table import table_of
from edge_llm_env.residency.moving import move
from edge_llm_env.support.calling import direct


class Levels(Protocol):
    """Anything that gives the visible requests of a row levels."""

    def __call__(self, simulation: Simulation, row: int) -> NDArray[np.int64]:
        """Levels of shape (Q,)."""
        ...


def exact_levels(waits: float = 0.0) -> Levels:
    """The most valuable levels of the epoch, in which who can wait is worth so much of its value less."""
    solver = BestLevels()
    return lambda simulation, row: best_levels(solver, epoch_of_row(simulation, row, waits), simulation.slots)[0]


def best_levels(solver: BestLevels, epoch: LevelsEpoch, slots: int) -> tuple[NDArray[np.int64], LevelsFound | None]:
    """The most valuable levels of an epoch, (slots,), and what their search found, None where nobody can be served."""
    if epoch.problem is None:
        return np.zeros(slots, dtype=np.int64), None
    found = solver.solve(epoch.problem)
    return epoch.levels(found.choice, slots), found


Order = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From what requests are worth at levels and the time of a batch of each alone (s), both (groups, n, C): keys, least
first; of equal ones the cheapest variant, the request in the first slot and the whole prompt."""


def cheapest(values: NDArray[np.float64], alone_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each in turn at the level that takes least time of those that have room."""
    return _turns(values) + alone_s / (1.0 + alone_s.max(initial=0.0))


def best(values: NDArray[np.float64], alone_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each in turn at the level that is worth most of those that have room, between equals that of least time."""
    return _turns(values) + 0.5 - 0.5 * values + 1e-6 * alone_s / (1.0 + alone_s.max(initial=0.0))


def per_second(values: NDArray[np.float64], alone_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is worth most for each second of a batch of it alone first."""
    return -values / alone_s


def _turns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arange(values.shape[1], dtype=np.float64)[None, :, None]


def greedy_levels(order: Order) -> Levels:
    """Pairs in an order, each admitted if the request has no level yet and the batches stay feasible."""

    def levels(simulation: Simulation, row: int) -> NDArray[np.int64]:
        epoch, found = epoch_of_row(simulation, row), np.zeros(simulation.slots, dtype=np.int64)
        if epoch.problem is None:
            return found
        values, compressions = epoch.problem.values, epoch.problem.compressions
        node, slot, compression = np.nonzero(values > 0.0)
        keys = order(values, time_alone_s(epoch))[node, slot, compression]
        turn = np.argsort(keys, kind="stable")
        level = 1 + epoch.groups[node] * compressions + compression
        params, state = simulation.params, simulation.state
        sizes, ready_s = direct(groups_of)(params, state, row)
        server, chosen = direct(in_turn)(
            rule_of(params),
            params,
            state,
            row,
            table_of(simulation.scenario),
            slot[turn],
            level[turn],
            sizes,
            direct(delays_after)(params.uplink_s, ready_s),
        )
        served = np.flatnonzero(server >= 0)
        found[served] = 1 + server[served] * compressions + chosen[served]
        return found

    return levels


def time_alone_s(epoch: LevelsEpoch) -> NDArray[np.float64]:
    """Compute time of a batch of each item alone, (groups, n, C); 0 where there is no problem."""
    if epoch.problem is None:
        return np.zeros((0, 0, 1))
    alone = []
    for group in epoch.problem.groups:
        one_s = np.empty(len(group))
        compute_times_alone_s(group.rule, group.candidates, one_s)
        alone.append(one_s)
    return np.array(alone).reshape(epoch.problem.values.shape)


class LevelPolicy:
    """Levels of requests, and modules that stay or that a policy of `Compute-v0` divides, as a policy.

    Modules move before levels are decided, as the environment does it. Raises ValueError for an environment that is not
    of this suite.
    """

    def __init__(self, env: Any, levels: Levels, modules: Policy | None = None) -> None:
        rows_of(env)  # raises where there are none
        self._env, self._levels, self._modules = env, levels, modules

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.int64], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        rows = rows_of(self._env)
        if self._modules is None:
            actions = [staying(simulation, self._levels(simulation, row)) for simulation, row in rows]
        else:
            logits = np.atleast_2d(self._modules.predict(observation, state, episode_start, deterministic)[0])
            actions = [
                after_moving(simulation, row, of_row, self._levels)
                for (simulation, row), of_row in zip(rows, logits.astype(np.float64), strict=True)
            ]
        return (actions[0] if observation.ndim == 1 else np.stack(actions)), state


def staying(simulation: Simulation, levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The action that gives requests these levels and leaves the modules as they are."""
    return np.concatenate((levels, np.zeros(simulation.params.modules, dtype=np.int64)))


def after_moving(simulation: Simulation, row: int, logits: NDArray[np.float64], levels: Levels) -> NDArray[np.int64]:
    """The action that divides the modules by logits of variants, (G,), as `Compute-v0` would, and gives requests the
    levels that are best with the modules so.
    """
    params, state = simulation.params, simulation.state
    hosts, ready_s = state.module_variant[row].copy(), state.module_ready_s[row].copy()
    counts = wanted_modules(params, state, row, logits, 0)
    move(state.module_variant, state.module_ready_s, row, counts, params.variant_load_s)
    targets = np.where(state.module_variant[row] != hosts, state.module_variant[row] + 1, 0)
    try:
        return np.concatenate((levels(simulation, row), targets))
    finally:
        state.module_variant[row], state.module_ready_s[row] = hosts, ready_s


def moving(env: Any, allocation: Allocation) -> LevelPolicy:
    """The exact levels of each epoch, with the modules as an allocation of `Compute-v0` divides them."""
    return LevelPolicy(env, exact_levels(), AllocationPolicy(allocation, env))
