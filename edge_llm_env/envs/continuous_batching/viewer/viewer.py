"""What follows the only row of an engine's simulation, and shows it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gymnasium.error import ResetNeeded

from edge_llm_env.engine.blocks import held_blocks
from edge_llm_env.engine.outlook import is_late, prefill_alone_s
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.envs.continuous_batching.viewer.frame import EngineFrame, Lane, Waiting
from edge_llm_env.envs.continuous_batching.viewer.strips import strips_of
from edge_llm_env.envs.continuous_batching.viewer.text import as_text
from edge_llm_env.rendering.showing import Showing
from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    from edge_llm_env.envs.continuous_batching.viewer.picture import EnginePicture

WINDOW_S = 10.0
"""Time that is shown of the running batch."""

SHOWN = ("arrived", "served", "expired", "waiting", "running", "dropped", "preempted", "missed_ttft", "missed_tpot")
SHOWN_OF_TASKS = (
    "tasks_arrived", "tasks_completed", "tasks_failed", "tasks_running", "served", "waiting", "running", "dropped",
    "preempted",
)  # fmt: skip
"""Counters that are shown, of requests and where these are the calls of agent tasks."""


class EngineViewer(Showing[EngineFrame]):
    """Keeps who was in the running batch when, and how full the memory was, for as long as that is shown."""

    def __init__(self, simulation: EngineSimulation, render_mode: str, frames_per_s: int) -> None:
        super().__init__(render_mode, frames_per_s)
        self._simulation = simulation
        tasks = simulation.scenario.workload.tasks
        self._kinds = None if tasks is None else tuple(one.kind for one in tasks.kinds)
        self._name: str | None = None
        self._since_s: dict[int, float] = {}
        """Who runs, and since when, in order of admission."""
        self._past: list[Lane] = []
        self._memory: list[tuple[float, float]] = []
        self._began_s: dict[int, float] = {}
        """When calls of agent tasks joined the batch, first."""
        self._next_s = 0.0
        """When the window shows the next frame: as often as frames are shown in a second, in simulated time."""

    def begin(self, name: str, workload: Workload) -> None:
        """An episode has begun on a workload, in the environment of that name."""
        self._name, self._since_s, self._past, self._memory, self._began_s = name, {}, [], [], {}
        self._follow()
        self._next_s = 0.0
        self._show()

    def advance(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken."""
        self._follow()
        self._show()

    def _show(self) -> None:
        """Let a window show the engine where the next frame is due."""
        now_s = float(self._simulation.state.now_s[0])
        if self.render_mode == "human" and now_s >= self._next_s:
            self._next_s = now_s + 1.0 / self._frames_per_s
            self.render()
        elif self._window is not None:
            self._window.answer_user()

    def _follow(self) -> None:
        state, params = self._simulation.state, self._simulation.params
        now_s = float(state.now_s[0])
        runs = state.running[0, : self._simulation.counters(0)["running"]].tolist()
        self._past += [self._lane(one, began_s, now_s) for one, began_s in self._since_s.items() if one not in runs]
        self._past = [lane for lane in self._past if lane.ends_s >= now_s - WINDOW_S]
        self._since_s = {one: self._since_s.get(one, now_s) for one in runs}
        if self._kinds is not None:
            self._began_s = self._since_s | self._began_s
        used = 1.0 - float(state.free_blocks[0]) / params.blocks
        self._memory = [(at, share) for at, share in self._memory if at >= now_s - WINDOW_S] + [(now_s, used)]

    def _lane(self, request: int, begins_s: float, ends_s: float) -> Lane:
        state = self._simulation.state
        first_s = float(state.first_s[0, request])
        done_s = float(state.last_s[0, request])
        slow_s = (int(state.output_tokens[0, request]) - 1) * float(state.tpot_s[0, request])
        late = first_s < math.inf and first_s > float(state.first_due_s[0, request])
        late |= done_s < math.inf and done_s - first_s > slow_s
        kind = int(state.service_class[0, request])
        return Lane(request, begins_s, max(begins_s, first_s), min(ends_s, done_s), kind, late)

    def frame(self) -> EngineFrame:
        """The engine as it is now; raises `ResetNeeded` before the first reset."""
        if self._name is None:
            raise ResetNeeded("render(): call reset() first, there is no episode to show")
        simulation, state, params = self._simulation, self._simulation.state, self._simulation.params
        now_s, counters = float(state.now_s[0]), simulation.counters(0)
        visible = state.waiting[0, : min(int(state.in_slots[0]), params.waiting_slots)].tolist()
        running = [self._lane(one, began_s, now_s) for one, began_s in self._since_s.items()]
        return EngineFrame(
            environment=self._name,
            scenario=simulation.scenario.name,
            now_s=now_s,
            end_s=params.end_s,
            window_s=WINDOW_S,
            counters=tuple((name, counters[name]) for name in (SHOWN if self._kinds is None else SHOWN_OF_TASKS)),
            lanes=(*self._past, *running),
            memory=tuple(self._memory),
            blocks=params.blocks,
            free_blocks=int(state.free_blocks[0]),
            iteration_s=float(state.last_iteration_s[0]),
            iteration_tokens=int(state.last_tokens[0]),
            waiting=tuple(self._waiting(one) for one in visible),
            beyond_visible=counters["beyond_visible"],
            longest_slack_s=params.longest_ttft_s,
            class_names=tuple(one.name for one in simulation.scenario.iterations.classes),
            strips=None if self._kinds is None else strips_of(state, self._kinds, self._began_s),  # type: ignore[arg-type]
        )

    def _waiting(self, request: int) -> Waiting:
        simulation, state, params = self._simulation, self._simulation.state, self._simulation.params
        slack_s = state.first_due_s[0, request] - state.now_s[0] - prefill_alone_s(params, state, 0, request)
        return Waiting(
            request,
            simulation.scenario.iterations.classes[int(state.service_class[0, request])].name,
            int(state.target[0, request]),
            int(state.told_tokens[0, request]),
            int(held_blocks(params, state, 0, request)),
            float(slack_s),
            bool(is_late(params, state, 0, request)),
        )

    def text(self, frame: EngineFrame) -> str:
        """The frame as text."""
        return as_text(frame)

    def new_picture(self) -> EnginePicture:
        """What draws such frames; raises `DependencyNotInstalled` without pygame."""
        from edge_llm_env.envs.continuous_batching.viewer.picture import EnginePicture

        return EnginePicture()

    def title(self, frame: EngineFrame) -> str:
        """The window's."""
        return f"{frame.environment}, {frame.scenario}"
