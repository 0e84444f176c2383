"""What the environments share: one row stepped as a `gymnasium.Env`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.returned import of_row
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked, checked_options
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.workload import checked_workload

if TYPE_CHECKING:
    from edge_llm_env.rendering.showing import RenderFrame, Showing

Action = TypeVar("Action")


class EpochEnv(gym.Env[NDArray[np.float32], Action], Generic[Action]):
    """One row of a scenario as a Gymnasium environment; a subclass adds the mechanism.

    `scenario` is a preset's name, a path to a TOML file or a `Scenario`; a spec holds what was given, so `to_json()` of
    one needs a name or a path in text. `reset(options={"workload": workload})`
    replays a given `Workload`; without it the workload is drawn from the environment's generator. Episodes are
    truncated after `epoch.episode_epochs` epochs and never terminate. `render_mode` is None, "human", "rgb_array" or
    "ansi".

    Raises `ScenarioError` for a scenario that is not valid, ValueError for an unknown render mode.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (Gymnasium declares it an instance variable)
        "render_modes": ["human", "rgb_array", "ansi"],
        "render_fps": 4,
    }
    mechanism: Mechanism
    forms: ClassVar[Mapping[str, Mechanism]] = {}
    """What an action can be, by the name that `action=` takes, where there is a choice."""

    @checked
    def __init__(self, scenario: str | Path | Scenario, render_mode: str | None = None) -> None:
        if render_mode is not None:
            one_of("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.scenario = load_scenario(scenario)
        self.simulation = self.mechanism.simulation(self.scenario, rows=1)
        self.observation_space = self.mechanism.observation_space(self.scenario)
        self.action_space = self.mechanism.action_space(self.scenario)
        self._observation = np.zeros(self.mechanism.observation_length(self.scenario), dtype=np.float32)
        self._begun = False
        self.viewer: Showing[Any] | None = None if render_mode is None else self._new_viewer(render_mode)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode on `options["workload"]`, or on a workload drawn from the seeded generator."""
        given = checked_options(options, "workload").get("workload")
        if given is not None:
            checked_workload(given, "options['workload']")
        super().reset(seed=seed)
        workload = draw_workload(self.scenario, self.np_random) if given is None else given
        self._begun = True
        self.simulation.load(0, workload)
        everyone = np.zeros(1, dtype=np.intp)
        begin_rows = direct(self.mechanism.begin_rows)
        begin_rows(self.simulation.params, self.simulation.state, everyone, self._observation[None])
        if self.viewer is not None:
            self.viewer.begin(self.spec.id if self.spec is not None else type(self).__name__, workload)
        return self._observation.copy(), self._info()

    def step(self, action: Action) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Take one step of the mechanism; see the subclass for what an action does."""
        if not self._begun:
            raise ResetNeeded("step was called before reset: call reset first")
        simulation, checked = self.simulation, self._checked(action)
        direct(self.mechanism.step_row)(simulation.params, simulation.state, 0, checked, self._observation)
        if self.viewer is not None:
            parts_s = self.mechanism.parts_s
            self.viewer.advance(parts_s(simulation.params, checked) if parts_s is not None else None)
        info = self._info()
        truncated = info["epochs"] >= simulation.params.episode_epochs
        if truncated and self.mechanism.at_the_end is not None:
            info |= of_row(self.mechanism.at_the_end(simulation, np.zeros(1, dtype=np.intp)))
        reward = 0.0
        for term in info["reward_terms"].values():  # as the vector environment adds; since Python 3.12 sum() does not
            reward += term
        return self._observation.copy(), reward, False, truncated, info

    def render(self) -> RenderFrame | None:
        """The epoch that the last step acted in: a window, pixels uint8 of shape (600, 800, 3), or text.

        `edge_llm_env.rendering` says what is shown. Raises `ResetNeeded` before the first reset, and
        `DependencyNotInstalled` for pictures without pygame (extra `viewer`).
        """
        if self.viewer is None:
            modes = ", ".join(self.metadata["render_modes"])
            gym.logger.warn(f"render() shows nothing without a render mode: make the environment with one of {modes}")
            return None
        return self.viewer.render()

    def close(self) -> None:
        """Close the window, if there is one; again does nothing.

        Nothing else is held open, so `step` and `reset` go on as if it had not been called, as Gymnasium's own
        environments do, and `render` shows again.
        """
        if self.viewer is not None:
            self.viewer.close()

    def _new_viewer(self, render_mode: str) -> Showing[Any]:
        """What shows the row in a render mode."""
        from edge_llm_env.rendering.viewer import Viewer

        return Viewer(self.simulation, render_mode, self.metadata["render_fps"])

    @abstractmethod
    def _checked(self, action: Action) -> Any:
        """The action as the kernel takes it; raises ValueError when it is not in the action space."""

    def _info(self) -> dict[str, Any]:
        state = self.simulation.state
        info: dict[str, Any] = self.simulation.counters(0)
        info["energy_j"] = state.energy_j.item(0)
        info["utilisation"] = dict(zip(RESOURCES, state.utilisation[0].tolist(), strict=True))
        info["reward_terms"] = dict(zip(self.mechanism.reward_terms, state.reward_terms[0].tolist(), strict=True))
        info["action_mask"] = state.action_mask[0].copy()
        return info
