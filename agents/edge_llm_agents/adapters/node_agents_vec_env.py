"""The agents of a network as rows of a Stable-Baselines3 `VecEnv`, so that one policy plays all: parameter sharing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from edge_llm_agents.adapters.native_rows import NativeRows, info_of, scale_of_rewards
from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.multi_node.agents import REWARDS, NodeAgents, Settled
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.envs.vector import MOST_ROWS
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import one_of, shown


class NodeAgentsVecEnv(NativeRows):
    """`networks` networks of N nodes each as N·`networks` rows: those of a network follow one another.

    A row sees, does and earns what its agent does in `edge_llm_env.parallel_env(scenario, rewards=, messages=)`, whose
    `reset(seed=s + k)` begins what network k has after `seed(s)`. `set_options({"workload": workload})`, or one for
    each row, which those of a network have in common, holds for the next reset; `reset_infos` has for each row the info
    of its network. `infos[i]` of a finished row has `terminal_observation`, `served`, which is of its network, and
    `episode`, as SB3's `Monitor` writes it; others are empty. Rewards are multiplied by `reward_scale`, those in
    `episode` are not.

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
        if not 1 <= networks <= MOST_ROWS:
            raise ValueError(f"networks = {shown(networks)}: must be in 1..{MOST_ROWS}")
        made: Any = gym.make_vec(
            MULTI_NODE,
            num_envs=networks,
            vectorization_mode="vector_entry_point",
            scenario=scenario,
            autoreset_mode=AutoresetMode.DISABLED,
        )
        self.env = made.unwrapped
        self.networks, self.reward_scale = networks, scale_of_rewards(reward_scale)
        self._views = NodeAgents(self.env.scenario, self.env.simulation, messages)
        self.nodes = self._views.nodes
        space = spaces.Box(0.0, 1.0, (self._views.observation_length,), dtype=np.float32)
        super().__init__(networks * self.nodes, space, symmetric_box(self._views.action_length))
        self._all_actions = cast("spaces.Box", batch_space(self.action_space, self.num_envs))
        self._actions = np.zeros((networks, self.nodes, self._views.action_length))

    def reset(self) -> NDArray[np.float32]:
        """Begin an episode in every network, seeded if `seed` was called since the last reset."""
        workloads = self._asked_workloads()
        for row, workload in enumerate(workloads):
            if workload is not workloads[row - row % self.nodes]:
                raise ValueError(f"options of row {row}: must have the workload of the other rows of its network")
        asked = workloads[:: self.nodes]
        options = None if all(one is None for one in asked) else {"workloads": asked}
        whole, infos = self.env.reset(seed=self._seeds[0], options=options)
        self._begun([info_of(infos, row // self.nodes) for row in range(self.num_envs)])
        return self._seen(whole)

    def step_async(self, actions: NDArray[np.floating]) -> None:
        """Keep the actions, of shape (rows, length), for `step_wait`; raises ValueError for what is none."""
        given = checked_box(actions, self._all_actions)
        self._actions = given.reshape(self.networks, self.nodes, self._views.action_length)

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """One epoch of every network; those that have ended begin anew."""
        simulation = self.env.simulation
        before = Settled.of(simulation)
        whole, earned, _, truncated, vector_infos = self.env.step(self._views.action(simulation, self._actions))
        each = np.repeat(earned[:, None], self.nodes, axis=1)
        if self.rewards == "individual":
            each = self._views.own_rewards(simulation, before)
        rewards, done = each.reshape(-1), np.repeat(truncated, self.nodes)
        self._earned(rewards)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        seen = self._seen(whole)
        for row in np.flatnonzero(done).tolist():
            infos[row] = {
                "terminal_observation": seen[row],
                "TimeLimit.truncated": True,
                "episode": self._ended(row),
                "served": int(vector_infos["served"][row // self.nodes]),
            }
        if truncated.any():
            whole, _ = self.env.reset(options={"reset_mask": truncated})
            seen = self._seen(whole)
        return seen, (self.reward_scale * rewards).astype(np.float32), done, infos

    @checked
    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Call a method of the networks, once; its answer for each row asked for."""
        answer = getattr(self.env, method_name)(*method_args, **method_kwargs)
        return [answer] * len(self._rows(indices))

    def _parts(self) -> Sequence[tuple[Any, int]]:
        return [(self.env, self.num_envs)]

    def _seen(self, whole: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._views.observations(whole).reshape(self.num_envs, -1)
