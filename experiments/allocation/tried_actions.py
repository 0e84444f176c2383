"""What many actions of one epoch would serve, all from the same state of a row."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_SERVED, NodeState
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.returned import room_to_return
from edge_llm_env.support.sharing import turns_of

ROWS_AT_ONCE = 1024
"""Copies of a row that are held at the same time."""


def mechanism_of(env_id: str, form: str | None = None) -> Mechanism:
    """The mechanism of a registered environment, with `form` in that form of its action."""
    environment: Any = gym.envs.registration.load_env_creator(str(gym.spec(env_id).entry_point))
    return environment.mechanism if form is None else environment.forms[form]


def served_by_actions(
    mechanism: Mechanism, simulation: Simulation, row: int, actions: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(K,) requests that each of the actions, (K, length), serves in the epoch of a row; the row stays as it is."""
    return np.concatenate(
        [
            _served(mechanism, simulation, row, actions[first : first + ROWS_AT_ONCE])
            for first in range(0, len(actions), ROWS_AT_ONCE)
        ]
    )


def _served(mechanism: Mechanism, simulation: Simulation, row: int, actions: NDArray[np.float64]) -> NDArray[np.int64]:
    count = len(actions)
    arrays: Any = [np.repeat(array[row : row + 1], count, axis=0) for array in simulation.state]
    state = NodeState(*arrays)
    before = state.counters[:, N_SERVED].copy()
    observations = np.zeros((count, mechanism.observation_length(simulation.scenario)), dtype=np.float32)
    actions = np.ascontiguousarray(actions, dtype=np.float64)
    everyone = np.ones(count, dtype=np.bool_)
    returned = room_to_return(state, observations)
    mechanism.step_rows(simulation.params, state, actions, everyone, observations, returned, turns_of(count), 0)
    return state.counters[:, N_SERVED] - before


def random_actions(rng: np.random.Generator, count: int, length: int) -> NDArray[np.float64]:
    """(count, length) actions: half uniform in -1..1, half with most entries -1, so that a few get all there is."""
    shares = rng.random((count, length))
    kept = rng.random((count // 2, 1)) ** 2
    shares[: count // 2] *= rng.random((count // 2, length)) < kept
    return 2.0 * shares - 1.0


def nearby_actions(rng: np.random.Generator, action: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(count, length) actions near a given one: a few entries drawn anew, moved a little, set to -1 or exchanged."""
    actions = np.repeat(action[None], count, axis=0)
    length = len(action)
    for near, kind in zip(actions, rng.integers(0, 4, count), strict=True):
        entries = rng.integers(0, length, rng.integers(1, 5))
        if kind == 0:
            near[entries] = rng.uniform(-1.0, 1.0, len(entries))
        elif kind == 1:
            near += (1.0 + near) * rng.normal(0.0, 10.0 ** rng.uniform(-6, -1), length) * (rng.random(length) < 0.5)
        elif kind == 2:
            near[entries] = -1.0
        else:
            near[entries] = near[rng.permutation(entries)]
    return np.clip(actions, -1.0, 1.0)


def local_search(
    mechanism: Mechanism,
    simulation: Simulation,
    row: int,
    action: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    rounds: int,
    per_round: int,
) -> int:
    """Most that a walk from an action serves: in each round it goes to the best of so many nearby actions, if that
    serves no less.
    """
    most = int(served_by_actions(mechanism, simulation, row, action[None])[0])
    for _ in range(rounds):
        near = nearby_actions(rng, action, per_round)
        served = served_by_actions(mechanism, simulation, row, near)
        if served.max() >= most:
            most = int(served.max())
            action = near[rng.choice(np.flatnonzero(served == most))]
    return most
