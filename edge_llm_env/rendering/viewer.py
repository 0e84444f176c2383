"""What follows the only row of a simulation, and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS, N_SERVED, NodeState
from edge_llm_env.rendering.frames.frame import Frame, Score
from edge_llm_env.rendering.frames.largest_batches import LargestBatches
from edge_llm_env.rendering.frames.snapshot import epoch_begun, frame_of
from edge_llm_env.rendering.text import as_text
from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    from edge_llm_env.rendering.drawing.picture import Picture
    from edge_llm_env.rendering.window import Window

RenderFrame: TypeAlias = NDArray[np.uint8] | str


class Viewer:
    """Keeps what a frame needs beyond the present state: how the epoch began, and who was served until when.

    It follows the only row of a simulation: whoever steps that calls `begin` after a reset and `advance` after a step.
    Pygame is imported for the first picture, and the reference plays when it is shown.
    """

    def __init__(self, simulation: Simulation, render_mode: str, frames_per_s: int) -> None:
        self._simulation = simulation
        self._render_mode = render_mode
        self._frames_per_s = frames_per_s
        self._name = ""
        self._shown: NodeState | None = None
        """How the epoch that is shown began."""
        self._next: NodeState | None = None
        """How the epoch that the next step acts in began."""
        self._parts_s: tuple[float, float] | None = None
        self._served: list[int] = []
        self._reference: LargestBatches | None = None
        self._picture: Picture | None = None
        self._window: Window | None = None

    def begin(self, name: str, workload: Workload) -> None:
        """An episode has begun on a workload, in the environment of that name."""
        simulation = self._simulation
        self._name = name
        self._shown = self._next = epoch_begun(simulation.state)
        self._parts_s = None
        self._served = []
        hosts_variants = simulation.divided_modules > 0
        self._reference = LargestBatches(simulation.scenario, workload, hosts_variants=hosts_variants)
        if self._render_mode == "human":
            self.render()

    def advance(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken; `parts_s` is T_U and T_D (s) where its action divided the epoch."""
        state = self._simulation.state
        self._shown, self._parts_s = self._next, parts_s
        if state.counters[0, N_EPOCHS] > len(self._served):
            self._served.append(int(state.counters[0, N_SERVED]))
            self._next = epoch_begun(state)
        if self._render_mode == "human":
            self.render()

    def frame(self) -> Frame:
        """The epoch that the last step acted in; raises `ResetNeeded` before the first reset."""
        if self._shown is None or self._reference is None:
            raise ResetNeeded("render(): call reset() first, there is no episode to show")
        score = Score(tuple(self._served), self._reference.served(len(self._served)), self._reference.name)
        return frame_of(self._name, self._simulation, self._shown, self._parts_s, score)

    def render(self) -> RenderFrame | None:
        """The frame in the render mode: text, pixels (600, 800, 3), or None and the window shows it."""
        frame = self.frame()
        if self._render_mode == "ansi":
            return as_text(frame)
        if self._picture is None:
            from edge_llm_env.rendering.drawing.picture import Picture

            self._picture = Picture()
        self._picture.draw(frame)
        if self._render_mode == "rgb_array":
            return self._picture.pixels()
        if self._window is None:
            from edge_llm_env.rendering.window import Window

            self._window = Window(f"{frame.environment}, {frame.scenario}", self._frames_per_s)
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
