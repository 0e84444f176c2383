"""The agents of a network as rows of a Stable-Baselines3 `VecEnv`, so that one policy plays all: parameter sharing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from edge_llm_env.envs.box_action import symmetric_box
from edge_llm_env.envs.multi_node.agents import REWARDS, NodeAgents, Settled
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import one_of, shown


class NodeAgentsVecEnv(VecEnv):
    """`networks` networks of N nodes each as N·`networks` rows: those of a network follow one another.

    A row sees, does and earns what its agent does in `edge_llm_env.parallel_env(scenario, rewards=, messages=)`, whose
    `reset(seed=s + k)` begins what network k has after `seed(s)`. `infos[i]` of a finished row has
    `terminal_observation`, `served`, which is of its network, and `episode`, as SB3's `Monitor` writes it; others are
    empty. Rewards are multiplied by `reward_scale`, those in `episode` are not.

    Raises `ScenarioError` for a scenario that is not valid, ValueError for fewer than one network or other rewards.
    """

    @checked
    def __init__(
        self,
        networks: int,
        scenario: str | Path | Scenario = "two-cells",
        *,
        rewards: str = "shared",
        messages: bool = True,
        reward_scale: float = 1.0,
    ) -> None:
        self.rewards = one_of("rewards", rewards, REWARDS)
        if networks < 1:
            raise ValueError(f"networks = {networks}: must be at least 1")
        made: Any = gym.make_vec(
            MULTI_NODE,
            num_envs=networks,
            vectorization_mode="vector_entry_point",
            scenario=scenario,
            autoreset_mode=AutoresetMode.DISABLED,
        )
        self.env = made.unwrapped
        self.networks, self.reward_scale = networks, reward_scale
        self._views = NodeAgents(self.env.scenario, self.env.simulation, messages)
        self.nodes = self._views.nodes
        self.render_mode = None
        space = spaces.Box(0.0, 1.0, (self._views.observation_length,), dtype=np.float32)
        super().__init__(networks * self.nodes, space, symmetric_box(self._views.action_length))
        self._actions = np.zeros((networks, self.nodes, self._views.action_length))
        self._returns, self._lengths = np.zeros(self.num_envs), np.zeros(self.num_envs, dtype=np.int64)

    def reset(self) -> NDArray[np.float32]:
        """Begin an episode in every network, seeded if `seed` was called since the last reset."""
        whole, _ = self.env.reset(seed=self._seeds[0])
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0.0, 0
        return self._seen(whole)

    def step_async(self, actions: NDArray[np.floating]) -> None:
        """Keep the actions, of shape (rows, length), for `step_wait`."""
        self._actions = np.asarray(actions).reshape(self.networks, self.nodes, -1)

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """One epoch of every network; those that have ended begin anew."""
        simulation = self.env.simulation
        before = Settled.of(simulation)
        whole, earned, _, truncated, vector_infos = self.env.step(self._views.action(simulation, self._actions))
        each = np.repeat(earned[:, None], self.nodes, axis=1)
        if self.rewards == "individual":
            each = self._views.own_rewards(simulation, before)
        rewards, done = each.reshape(-1), np.repeat(truncated, self.nodes)
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        seen = self._seen(whole)
        for row in np.flatnonzero(done).tolist():
            infos[row] = {
                "terminal_observation": seen[row],
                "TimeLimit.truncated": True,
                "episode": {"r": float(self._returns[row]), "l": int(self._lengths[row])},
                "served": int(vector_infos["served"][row // self.nodes]),
            }
        if truncated.any():
            self._returns[done], self._lengths[done] = 0.0, 0
            whole, _ = self.env.reset(options={"reset_mask": truncated})
            seen = self._seen(whole)
        return seen, (self.reward_scale * rewards).astype(np.float32), done, infos

    def close(self) -> None:
        """Close the networks."""
        self.env.close()

    @checked
    def has_attr(self, attr_name: str) -> bool:
        """Whether the networks have an attribute."""
        return hasattr(self.env, attr_name)

    @checked
    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of the networks, for each row asked for."""
        return [getattr(self.env, attr_name)] * len(self._rows(indices))

    @checked
    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the networks, which rows share: raises ValueError where `indices` is not None."""
        if indices is not None:
            raise ValueError(f"indices = {shown(indices)}: must be None, the rows share {attr_name}")
        setattr(self.env, attr_name, value)

    @checked
    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Call a method of the networks, once; its answer for each row asked for."""
        answer = getattr(self.env, method_name)(*method_args, **method_kwargs)
        return [answer] * len(self._rows(indices))

    @checked
    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Any = None) -> list[bool]:
        """Whether rows do what a wrapper does: SB3's `Monitor`, and no other."""
        return [issubclass(wrapper_class, Monitor)] * len(self._rows(indices))

    def _rows(self, indices: Any) -> Sequence[int]:
        if indices is None:
            return range(self.num_envs)
        rows = [int(indices)] if isinstance(indices, int | np.integer) else [int(row) for row in indices]
        if not all(-self.num_envs <= row < self.num_envs for row in rows):
            raise ValueError(f"indices = {shown(indices)}: must be None or rows in 0..{self.num_envs - 1}")
        return rows

    def _seen(self, whole: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._views.observations(whole).reshape(self.num_envs, -1)
