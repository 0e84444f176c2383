"""Vector rewards, by the conventions of MO-Gymnasium: `reward_space` and `reward_dim` on the unwrapped environment."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.support.naming import shown
from edge_llm_env.wrappers.objectives import OBJECTIVES, Objectives, own_weights, reward_space


class MultiObjective(gym.Wrapper, RecordConstructorArgs):
    """An environment of the suite whose reward is a vector: throughput, energy, accuracy, fairness.

    **Reward** float64 of shape (4,), all to be maximised; `edge_llm_env.wrappers.objectives.Objectives` says what each
    is. `own_weights` are those whose scalar product with it is the environment's own reward. Actions, observations,
    info and episodes are the environment's.

    As MO-Gymnasium's environments have it, `reward_space` and `reward_dim` are also on `unwrapped`, where its wrappers
    and MORL-Baselines look for them; MO-Gymnasium itself is not needed. Wrappers that expect a number for a reward
    belong inside, or outside a scalarisation.

    Raises ValueError for an environment that is not of this suite.
    """

    def __init__(self, env: gym.Env) -> None:
        inner: Any = getattr(env, "unwrapped", None)
        if not isinstance(inner, EpochEnv) or not isinstance(inner.simulation, Simulation):
            must = "must be an environment of edge_llm_env that counts epochs, of one node"
            raise ValueError(f"env = {shown(env)}: {must}")
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.reward_space = inner.reward_space = reward_space(inner.scenario)  # type: ignore[attr-defined]
        self.reward_dim = inner.reward_dim = len(OBJECTIVES)  # type: ignore[attr-defined]
        self.own_weights = own_weights(inner.scenario)
        self._objectives = Objectives(inner.simulation)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        result = self.env.reset(seed=seed, options=options)
        self._objectives.begin(np.ones(1, dtype=np.bool_))
        return result

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take one step; the reward is the vector."""
        observation, _, terminated, truncated, info = self.env.step(action)
        return observation, self._objectives.rewards()[0], terminated, truncated, info


class VectorMultiObjective(VectorWrapper):
    """`MultiObjective` of every row of a native vector environment.

    **Reward** float64 of shape (rows, 4); `reward_space` is that of one row. Row i is the single environment, wrapped,
    given the same workload and actions; a step that begins an episode brings nothing.

    Raises ValueError for another environment, and for autoreset within a step, which leaves nothing of the last step.
    """

    def __init__(self, env: VectorEnv) -> None:
        inner: Any = getattr(env, "unwrapped", None)
        if not isinstance(inner, EpochVectorEnv) or not isinstance(inner.simulation, Simulation):
            must = "must be a native vector environment of edge_llm_env that counts epochs, of one node"
            raise ValueError(f"env = {shown(env)}: {must}")
        if inner.autoreset_mode is AutoresetMode.SAME_STEP:
            raise ValueError("autoreset_mode = SAME_STEP: must be NEXT_STEP or DISABLED")
        super().__init__(env)
        self.reward_space = inner.reward_space = reward_space(inner.scenario)  # type: ignore[attr-defined]
        self.reward_dim = inner.reward_dim = len(OBJECTIVES)  # type: ignore[attr-defined]
        self.own_weights = own_weights(inner.scenario)
        self._objectives = Objectives(inner.simulation)
        self._begins_anew = inner.autoreset_mode is AutoresetMode.NEXT_STEP
        self._finished = np.zeros(self.num_envs, dtype=np.bool_)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode on every row, or on those of `options["reset_mask"]`."""
        result = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]
        beginning = (options or {}).get("reset_mask", np.ones(self.num_envs, dtype=np.bool_))
        self._objectives.begin(beginning)
        self._finished = self._finished & ~beginning
        return result

    def step(self, actions: Any) -> tuple[Any, NDArray[np.float64], Any, Any, dict[str, Any]]:
        """Step every row; the rewards are vectors."""
        observations, _, terminated, truncated, infos = self.env.step(actions)
        if self._begins_anew and self._finished.any():
            self._objectives.begin(self._finished)
        rewards = self._objectives.rewards()
        rewards[self._finished] = 0.0
        self._finished = terminated | truncated
        return observations, rewards, terminated, truncated, infos

    def state(self) -> dict[str, NDArray]:
        """All that later steps depend on, as the environment's own `state` has it: rewards follow from the rows."""
        state: dict[str, NDArray] = self.env.unwrapped.state()  # type: ignore[attr-defined]
        return state

    def restore(self, state: dict[str, NDArray]) -> None:
        """Go on from what `state` returned; raises TypeError or ValueError as the environment's own `restore` does."""
        self.env.unwrapped.restore(state)  # type: ignore[attr-defined]
        self._objectives.resume()
        self._finished = state["finished"].copy()
