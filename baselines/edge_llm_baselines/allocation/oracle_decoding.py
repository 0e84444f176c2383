"""Oracle decoding: an action is what each request is worth, and the most valuable feasible batch is what happens."""

from __future__ import annotations

from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from edge_llm_baselines.playing.batches import as_actions
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.batch_selection.environment import BatchSelectionEnv, BatchSelectionVectorEnv
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown

Observation = NDArray[np.float32]
Values = NDArray[np.float32]
Batch = NDArray[np.int8]


class OracleDecoding(gym.ActionWrapper[Observation, Values, Batch], RecordConstructorArgs):
    """`EdgeLLM/BatchSelection-v0` with a value per visible slot as action; `BranchAndBound` chooses the batch.

    **Action** `Box(0, 1, (Q,), float32)`: v_i of the request in each slot, rounded up to a multiple of 1/1024
    (`edge_llm_baselines.rules.look_ahead.GRID`). Only ratios matter. The batch maximises Σ v_i over feasible batches. A
    value of exactly 0 says "not now": that request is left out even where there is room, so all zeros serve nobody.
    Equal values above 0 serve as many as DFTSP does. Values of empty slots are ignored.

    Observation, reward and episode are the environment's. For a policy whose actions are centred on 0, as SB3's are,
    put `gymnasium.wrappers.RescaleAction(env, np.float32(-1.0), np.float32(1.0))` around it.

    Raises ValueError for another environment, and at `step` for an action that is not in the space.
    """

    @checked
    def __init__(self, env: gym.Env[Observation, Batch]) -> None:
        if not isinstance(env.unwrapped, BatchSelectionEnv):
            raise ValueError(f"env = {env}: must be EdgeLLM/BatchSelection-v0")
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self._simulation = env.unwrapped.simulation
        self.action_space = values_space(self._simulation.slots)

    def action(self, action: Values) -> Batch:
        """The batch, as an action, that the values choose in the present epoch."""
        return decode(self._simulation, checked_values(action, self.action_space)[None])[0]


class VectorOracleDecoding(VectorActionWrapper):
    """`OracleDecoding` of every row of the native vector environment, solved in parallel by `solve_many`.

    **Action** float32 of shape (rows, Q). Row i is the single environment, wrapped, given the same workload and values.

    Raises ValueError for another environment, and at `step` for actions that are not in the space.
    """

    def __init__(self, env: VectorEnv) -> None:
        if not isinstance(env.unwrapped, BatchSelectionVectorEnv):
            raise ValueError(f"env = {env}: must be the native vector form of EdgeLLM/BatchSelection-v0")
        super().__init__(env)
        self._simulation = env.unwrapped.simulation
        self.single_action_space = values_space(self._simulation.slots)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def actions(self, actions: Values) -> Batch:
        """The batches, as actions, that the values choose in the present epochs."""
        return decode(self._simulation, checked_values(actions, self.action_space))


def values_space(slots: int) -> spaces.Space[Values]:
    """A value in 0..1 for each slot."""
    return cast("spaces.Space[Values]", spaces.Box(0.0, 1.0, shape=(slots,), dtype=np.float32))


def decode(simulation: Simulation, values: NDArray[np.float64]) -> Batch:
    """The most valuable batch of each row as an action, for values in 0..1 of shape (rows, Q).

    A sub-batch of a feasible batch is feasible, so it stays so when requests of value 0 are taken out.
    """
    on_grid = np.ceil(values * GRID) / GRID
    return as_actions(BranchAndBound().solve_many(simulation, on_grid).selected & (on_grid > 0.0), simulation)


def checked_values(action: Any, space: Any) -> NDArray[np.float64]:
    """Values as float64; raises ValueError when they are not in the space."""
    try:
        values = np.asarray(action, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"action = {shown(action)}: must be numbers of shape {space.shape}") from None
    if values.shape != space.shape:
        raise ValueError(f"action of shape {values.shape}: must have shape {space.shape}")
    outside = ~((values >= 0.0) & (values <= 1.0))  # NaN too
    if outside.any():
        raise ValueError(f"action: every value must be between 0 and 1, one is {values[outside][0]:g}")
    return values
