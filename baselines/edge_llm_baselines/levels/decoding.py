"""Level decoding: an action is what requests are worth and what modules hold, and the best levels are what happens."""

from __future__ import annotations

from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from edge_llm_baselines.levels.epoch import epoch_of_row
from edge_llm_baselines.levels.exact.best_levels import BestLevels, LevelsFound
from edge_llm_baselines.levels.rules import after_moving, best_levels
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.service_level.environment import ServiceLevelEnv, ServiceLevelVectorEnv
from edge_llm_env.support.checking.arguments import checked

Observation = NDArray[np.float32]
Values = NDArray[np.float32]
Levels = NDArray[np.integer]

AT_PLAY = 20_000
"""Nodes after which the search of an epoch takes the best levels found so far: some tens of milliseconds."""


class LevelDecoding(gym.ActionWrapper[Observation, Values, Levels], RecordConstructorArgs):
    """`EdgeLLM/ServiceLevel-v0` with values of requests and logits of modules as action; `BestLevels` chooses levels.

    **Action** `Box(-1, 1, (Q + G,), float32)`. Entry a of a slot multiplies by 1 + a, rounded up to a multiple of
    1/512, what its request is worth at any level; -1 leaves it out. The
    entries of variants, from the cheapest on, divide the modules as in `Compute-v0`. So 0 for everyone takes the most
    valuable levels of the epoch and leaves the modules as they are when an episode begins, divided evenly.

    Levels are the most valuable ones, or the best found in `node_limit` nodes of the search; `found` says which, what
    they are worth at these values and what no levels exceed.

    Observation, reward and episode are the environment's. Raises ValueError for another environment, for a limit below
    1, and at `step` for an action that is not in the space.
    """

    found: LevelsFound | None = None
    """What the search of the last epoch found; None before the first, and where nobody could be served."""

    @checked
    def __init__(self, env: gym.Env[Observation, Levels], node_limit: int = AT_PLAY) -> None:
        if not isinstance(env.unwrapped, ServiceLevelEnv):
            raise ValueError(f"env = {env}: must be EdgeLLM/ServiceLevel-v0")
        RecordConstructorArgs.__init__(self, node_limit=node_limit)
        super().__init__(env)
        self._simulation, self._solver = env.unwrapped.simulation, BestLevels(node_limit)
        self.action_space = level_values_space(self._simulation)

    def action(self, action: Values) -> Levels:
        """The levels and modules, int64 of shape (Q + M,), that the values choose in the present epoch."""
        levels, (self.found,) = _decoded(self._simulation, checked_box(action, self.action_space)[None], self._solver)
        return levels[0]


class VectorLevelDecoding(VectorActionWrapper):
    """`LevelDecoding` of every row of the native vector environment.

    **Action** float32 of shape (rows, Q + G). Row i is the single environment, wrapped, given the same workload and
    values. Raises ValueError as `LevelDecoding` does.
    """

    found: tuple[LevelsFound | None, ...] = ()
    """What the searches of the last epochs found, of each row; none before the first."""

    @checked
    def __init__(self, env: VectorEnv, node_limit: int = AT_PLAY) -> None:
        if not isinstance(env.unwrapped, ServiceLevelVectorEnv):
            raise ValueError(f"env = {env}: must be the native vector form of EdgeLLM/ServiceLevel-v0")
        super().__init__(env)
        self._simulation, self._solver = env.unwrapped.simulation, BestLevels(node_limit)
        self.single_action_space = level_values_space(self._simulation)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def actions(self, actions: Any) -> Levels:
        """The levels and modules, int64 of shape (rows, Q + M), that the values choose in the present epochs."""
        levels, self.found = _decoded(self._simulation, checked_box(actions, self.action_space), self._solver)
        return levels


def level_values_space(simulation: Simulation) -> spaces.Space[Values]:
    """A value of each slot and a logit of each variant."""
    return cast("spaces.Space[Values]", symmetric_box(simulation.slots + len(simulation.params.variant_accuracy)))


def decode_levels(simulation: Simulation, actions: NDArray[np.float64]) -> Levels:
    """The modules and, with these, the levels of each row as `LevelDecoding` finds them unless asked for otherwise,
    int64 of shape (rows, Q + M), for values and logits in -1..1 of shape (rows, Q + G).
    """
    return _decoded(simulation, actions, BestLevels(AT_PLAY))[0]


def _decoded(
    simulation: Simulation, actions: NDArray[np.float64], solver: BestLevels
) -> tuple[Levels, tuple[LevelsFound | None, ...]]:
    """The actions of all rows, and what the search of each found."""
    slots, steps = simulation.slots, GRID // 2
    searched: list[LevelsFound | None] = []
    factors = np.ceil((1.0 + actions[:, :slots].astype(np.float64)) * steps) / steps

    def levels(simulation: Simulation, row: int) -> NDArray[np.int64]:
        best, found = best_levels(solver, epoch_of_row(simulation, row).valued(factors[row]), slots)
        searched.append(found)
        return best

    logits = actions[:, slots:].astype(np.float64)
    decoded = np.stack([after_moving(simulation, row, logits[row], levels) for row in range(len(actions))])
    return decoded, tuple(searched)
