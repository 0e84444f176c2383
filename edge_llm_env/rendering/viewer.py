"""What follows an environment that has a render mode, and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import N_EPOCHS, N_SERVED, Rows
from edge_llm_env.rendering.frame import Frame, Score
from edge_llm_env.rendering.reference import LargestBatches
from edge_llm_env.rendering.snapshot import epoch_begun, frame_of
from edge_llm_env.rendering.text import as_text
from edge_llm_env.workload.tape import Workload

if TYPE_CHECKING:
    from edge_llm_env.envs.base import EpochEnv
    from edge_llm_env.rendering.picture import Picture
    from edge_llm_env.rendering.window import Window

RenderFrame: TypeAlias = NDArray[np.uint8] | str


class Viewer:
    """Keeps what a frame needs beyond the present state: how the epoch began, and who was served until when.

    The environment calls `begin` after a reset and `advance` after a step. Pygame is imported for the first picture,
    and the reference plays when it is shown.
    """

    def __init__(self, env: EpochEnv) -> None:
        self._env = env
        self._shown: Rows | None = None
        """How the epoch that is shown began."""
        self._next: Rows | None = None
        """How the epoch that the next step acts in began."""
        self._parts_s: tuple[float, float] | None = None
        self._served: list[int] = []
        self._reference: LargestBatches | None = None
        self._picture: Picture | None = None
        self._window: Window | None = None

    def begin(self, workload: Workload) -> None:
        """An episode has begun on a tape."""
        env = self._env
        self._shown = self._next = epoch_begun(env.simulation.rows)
        self._parts_s = None
        self._served = []
        self._reference = LargestBatches(env.scenario, workload, hosts_variants=env.mechanism.hosts_variants)
        if env.render_mode == "human":
            self.render()

    def advance(self, action: Any) -> None:
        """The environment has taken a step, with an action that it has checked."""
        simulation, mechanism = self._env.simulation, self._env.mechanism
        self._shown = self._next
        if mechanism.parts_s is not None:
            self._parts_s = mechanism.parts_s(simulation.constants, action)
        if simulation.rows.counters[0, N_EPOCHS] > len(self._served):
            self._served.append(int(simulation.rows.counters[0, N_SERVED]))
            self._next = epoch_begun(simulation.rows)
        if self._env.render_mode == "human":
            self.render()

    def frame(self) -> Frame:
        """The epoch that the last step acted in; raises `ResetNeeded` before the first reset."""
        if self._shown is None or self._reference is None:
            raise ResetNeeded("render(): call reset() first, there is no episode to show")
        env = self._env
        score = Score(tuple(self._served), self._reference.served(len(self._served)), self._reference.name)
        name = env.spec.id if env.spec is not None else type(env).__name__
        return frame_of(name, env.simulation, self._shown, self._parts_s, score)

    def render(self) -> RenderFrame | None:
        """The frame in the environment's render mode: text, pixels (600, 800, 3), or None and the window shows it."""
        frame = self.frame()
        if self._env.render_mode == "ansi":
            return as_text(frame)
        if self._picture is None:
            from edge_llm_env.rendering.picture import Picture

            self._picture = Picture()
        self._picture.draw(frame)
        if self._env.render_mode == "rgb_array":
            return self._picture.pixels()
        if self._window is None:
            from edge_llm_env.rendering.window import Window

            self._window = Window(f"{frame.environment}, {frame.scenario}", self._env.metadata["render_fps"])
        self._window.show(self._picture.surface)
        return None

    @property
    def was_closed(self) -> bool:
        """Whether the user has closed the window."""
        return self._window is not None and self._window.was_closed

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        """Without picture and window, which a copy makes anew: they can be neither copied nor pickled."""
        return self.__dict__ | {"_picture": None, "_window": None}
