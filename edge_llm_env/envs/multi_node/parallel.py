"""`parallel_env`: a network as PettingZoo's `ParallelEnv`, an agent for each node."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import DependencyNotInstalled, ResetNeeded
from numpy.typing import NDArray

from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.multi_node.agents import REWARDS, NodeAgents, Settled
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import one_of, shown

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise DependencyNotInstalled("parallel_env needs PettingZoo: pip install 'edge-llm-env[multi-agent]'") from error

Vector = NDArray[np.float32]


class ParallelNodes(ParallelEnv[str, Vector, NDArray[np.floating]]):
    """The dynamics of `EdgeLLM/MultiNode-v0`, step by step the same, with an agent for each node.

    Agents are `node_0`, `node_1` and so on, in the order of the cells; see
    `edge_llm_env.envs.multi_node.agents.NodeAgents` for what one sees and does. With
    `rewards="shared"` each earns the reward of the whole network, with `"individual"` what is of its node and cell;
    these sum to that. `state()` is the observation of the whole, for critics that see all. All agents leave together
    when the episode is truncated.

    `infos[agent]` has `served`, the requests that its node has served, `admissible`, the slots whose request it could
    serve alone, and `network`, the info of the whole, a copy of its own. `reset(options={"workload": workload})`
    replays a `Workload`; other options are ignored, as PettingZoo's own tests hand some on.

    Raises `ScenarioError` for a scenario that is not valid, ValueError for other rewards or an unknown render mode.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (PettingZoo declares it an instance variable)
        "name": "edge_llm_multi_node_v0",
        "render_modes": ["human", "rgb_array", "ansi"],
        "render_fps": 4,
        "is_parallelizable": True,
    }

    @checked
    def __init__(
        self,
        scenario: str | Path | Scenario = "two-cells",
        *,
        rewards: str = "shared",
        messages: bool = True,
        render_mode: str | None = None,
    ) -> None:
        self.rewards = one_of("rewards", rewards, REWARDS)
        self._env = MultiNodeEnv(scenario, render_mode=render_mode)
        self.scenario, self.render_mode = self._env.scenario, render_mode
        self._simulation = cast("NetworkSimulation", self._env.simulation)
        self._views = NodeAgents(self.scenario, self._simulation, messages)
        self.possible_agents = [f"node_{node}" for node in range(self._views.nodes)]
        self.agents: list[str] = []
        shape = (self._views.observation_length,)
        self.observation_spaces: dict[str, gym.Space[Any]] = {
            agent: spaces.Box(0.0, 1.0, shape, dtype=np.float32) for agent in self.possible_agents
        }
        self.action_spaces: dict[str, gym.Space[Any]] = {
            agent: symmetric_box(self._views.action_length) for agent in self.possible_agents
        }
        self.state_space = self._env.observation_space
        self._state = np.zeros(cast("spaces.Box", self.state_space).shape, dtype=np.float32)
        self._settled = Settled.of(self._simulation)

    def observation_space(self, agent: str) -> gym.Space[Any]:
        """What an agent sees: `Box(0, 1)`, the same object every time."""
        return self.observation_spaces[one_of("agent", agent, self.possible_agents)]

    def action_space(self, agent: str) -> gym.Space[Any]:
        """What an agent does: `Box(-1, 1)`, the same object every time."""
        return self.action_spaces[one_of("agent", agent, self.possible_agents)]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Vector], dict[str, dict[str, Any]]]:
        """Begin an episode, with all agents, on `options["workload"]` or one drawn from the seeded generator."""
        if not isinstance(options, Mapping | None):
            raise TypeError(f"options = {shown(options)}: must be a dictionary or None")
        workload = (options or {}).get("workload")
        self._state, info = self._env.reset(seed=seed, options=None if workload is None else {"workload": workload})
        self.agents = list(self.possible_agents)
        self._settled = Settled.of(self._simulation)
        return self._seen(), self._infos(info)

    def step(
        self, actions: dict[str, NDArray[np.floating]]
    ) -> tuple[dict[str, Vector], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """One epoch, in which every agent acts; raises ValueError where an agent's action is missing or not valid.

        Raises `ResetNeeded` before the first reset and after an episode's end, when no agent is there.
        """
        if not self.agents:
            raise ResetNeeded("step was called with no agent there, before reset or after the end: call reset first")
        if not isinstance(actions, Mapping):
            raise TypeError(f"actions = {shown(actions)}: must be a dictionary, an action for each agent")
        if set(actions) != set(self.agents):
            raise ValueError(f"actions = {shown(list(actions))}: must be of the agents {', '.join(self.agents)}")
        given = np.stack([checked_box(actions[agent], self.action_spaces[agent]) for agent in self.agents])
        whole = self._views.action(self._simulation, given[None])[0]
        self._state, reward, _, truncated, info = self._env.step(whole)
        agents = self.agents
        if self.rewards == "shared":
            earned = [reward] * len(agents)
        else:
            earned = self._views.own_rewards(self._simulation, self._settled)[0].tolist()
        self._settled = Settled.of(self._simulation)
        returned = (
            self._seen(),
            dict(zip(agents, earned, strict=True)),
            dict.fromkeys(agents, False),
            dict.fromkeys(agents, truncated),
            self._infos(info),
        )
        self.agents = [] if truncated else agents
        return returned

    def state(self) -> Vector:
        """The observation of the whole network, of `state_space`."""
        return self._state.copy()

    def render(self) -> Any:
        """As `EpochEnv.render` shows the network."""
        return self._env.render()

    def close(self) -> None:
        """Close the window, if there is one; `step` and `reset` go on all the same."""
        self._env.close()

    def _seen(self) -> dict[str, Vector]:
        return dict(zip(self.agents, self._views.observations(self._state[None])[0], strict=True))

    def _infos(self, info: dict[str, Any]) -> dict[str, dict[str, Any]]:
        served_by, slots = self._simulation.state.served_by[0], self._views.slots
        mask = info["action_mask"][:-1].reshape(-1, slots)
        return {
            agent: {
                "served": int((served_by == node).sum()),
                "admissible": mask[node].copy(),
                "network": deepcopy(info),
            }
            for node, agent in enumerate(self.agents)
        }


def parallel_env(
    scenario: str | Path | Scenario = "two-cells",
    *,
    rewards: str = "shared",
    messages: bool = True,
    render_mode: str | None = None,
) -> ParallelNodes:
    """A network as PettingZoo's `ParallelEnv`, an agent for each node: see `ParallelNodes`."""
    return ParallelNodes(scenario, rewards=rewards, messages=messages, render_mode=render_mode)
