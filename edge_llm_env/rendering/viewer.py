"""What follows the only row of a simulation, and shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gymnasium.error import ResetNeeded

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS, N_SERVED, SERVED, NodeState
from edge_llm_env.rendering.frames.frame import Frame, Score
from edge_llm_env.rendering.frames.largest_batches import LargestBatches
from edge_llm_env.rendering.frames.largest_of_calls import LargestBatchesOfCalls
from edge_llm_env.rendering.frames.snapshot import epoch_begun, frame_of
from edge_llm_env.rendering.frames.strips import Calls, strips_of
from edge_llm_env.rendering.showing import Showing
from edge_llm_env.rendering.text import as_text
from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    from edge_llm_env.rendering.drawing.picture import Picture


class Viewer(Showing[Frame]):
    """Keeps what a frame needs beyond the present state: how the epoch began, and who was served until when.

    The reference plays when it is shown.
    """

    def __init__(self, simulation: Simulation, render_mode: str, frames_per_s: int) -> None:
        super().__init__(render_mode, frames_per_s)
        self._simulation = simulation
        self._name = ""
        self._shown: NodeState | None = None
        """How the epoch that is shown began."""
        self._next: NodeState | None = None
        """How the epoch that the next step acts in began."""
        self._parts_s: tuple[float, float] | None = None
        self._served: list[int] = []
        self._reference: LargestBatches | LargestBatchesOfCalls | None = None
        self._served_in: dict[int, int] = {}
        self._calls: Calls | None = None
        """None where requests are on their own."""

    def begin(self, name: str, workload: Workload) -> None:
        """An episode has begun on a workload, in the environment of that name."""
        simulation = self._simulation
        self._name = name
        self._shown = self._next = epoch_begun(simulation.state)
        self._parts_s = None
        self._served = []
        tasks = simulation.scenario.workload.tasks
        if tasks is not None:
            self._served_in = {}
            kinds = tuple(kind.kind for kind in tasks.kinds)
            self._calls = Calls(kinds, self._served_in, simulation.params.epoch_s)
            self._reference = LargestBatchesOfCalls(simulation.scenario, workload)
        else:
            hosts_variants = simulation.divided_modules > 0
            self._reference = LargestBatches(simulation.scenario, workload, hosts_variants=hosts_variants)
        if self.render_mode == "human":
            self.render()

    def advance(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken; `parts_s` is T_U and T_D (s) where its action divided the epoch."""
        state = self._simulation.state
        self._shown, self._parts_s = self._next, parts_s
        if self._calls is not None and self._shown is not None:
            epoch = int(self._shown.counters[0, N_EPOCHS])
            for call in self._shown.slot_request[0, : self._shown.visible[0]].tolist():
                if state.status[0, call] == SERVED:
                    self._served_in.setdefault(call, epoch)
        if state.counters[0, N_EPOCHS] > len(self._served):
            self._served.append(int(state.counters[0, N_SERVED]))
            self._next = epoch_begun(state)
        if self.render_mode == "human":
            self.render()

    def frame(self) -> Frame:
        """The epoch that the last step acted in; raises `ResetNeeded` before the first reset."""
        if self._shown is None or self._reference is None:
            raise ResetNeeded("render(): call reset() first, there is no episode to show")
        score = Score(tuple(self._served), self._reference.served(len(self._served)), self._reference.name)
        frame = frame_of(self._name, self._simulation, self._shown, self._parts_s, score)
        if self._calls is None:
            return frame
        return replace(frame, strips=strips_of(self._simulation.state, self._calls, frame.requests))  # type: ignore[arg-type]

    def text(self, frame: Frame) -> str:
        """The frame as text."""
        return as_text(frame)

    def new_picture(self) -> Picture:
        """What draws such frames; raises `DependencyNotInstalled` without pygame."""
        from edge_llm_env.rendering.drawing.picture import Picture

        return Picture()

    def title(self, frame: Frame) -> str:
        """The window's."""
        return f"{frame.environment}, {frame.scenario}"
