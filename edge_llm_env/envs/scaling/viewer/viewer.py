"""What follows the only row of a rack's simulation, and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gymnasium.error import ResetNeeded

from edge_llm_env.envs.scaling.viewer.frame import Past, RackFrame
from edge_llm_env.envs.scaling.viewer.text import as_text
from edge_llm_env.rack.simulation import RackSimulation
from edge_llm_env.rendering.showing import Showing
from edge_llm_env.residency.residents import IDLE
from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    from edge_llm_env.envs.scaling.viewer.picture import RackPicture

WINDOW_EPOCHS = 60
"""Epochs that are shown."""

SHOWN = ("arrived", "served", "expired", "pending", "modules_on", "modules_ready", "module_epochs", "module_starts")
"""Counters that are shown."""


class RackViewer(Showing[RackFrame]):
    """Keeps what arrived, was served and was on in the epochs that are shown."""

    def __init__(self, simulation: RackSimulation, render_mode: str, frames_per_s: int) -> None:
        super().__init__(render_mode, frames_per_s)
        self._simulation = simulation
        self._name: str | None = None
        self._past: list[Past] = []
        self._before: dict[str, int] = {}

    def begin(self, name: str, workload: Workload) -> None:
        """An episode has begun on a workload, in the environment of that name."""
        self._name, self._past = name, []
        self._before = self._simulation.counters(0)
        self._show()

    def advance(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken."""
        now, before, served = (
            self._simulation.counters(0),
            self._before,
            self._simulation.params.capacity / self._simulation.params.modules,
        )
        epoch = before["epochs"]
        self._past.append(
            Past(
                arrived=int(self._simulation.state.arrived_in[0, epoch]) / served,
                served=(now["served"] - before["served"]) / served,
                expired=(now["expired"] - before["expired"]) / served,
                on=now["module_epochs"] - before["module_epochs"],
                ready=min(now["modules_ready"], now["module_epochs"] - before["module_epochs"]),
            )
        )
        self._past = self._past[-WINDOW_EPOCHS:]
        self._before = now
        self._show()

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()

    def frame(self) -> RackFrame:
        """The rack as it is now; raises `ResetNeeded` before the first reset."""
        if self._name is None:
            raise ResetNeeded("render(): call reset() first, there is no episode to show")
        state, params, counters = self._simulation.state, self._simulation.params, self._simulation.counters(0)
        epoch = counters["epochs"]
        counts = state.feeder_counts[0, max(0, epoch + 1 - WINDOW_EPOCHS) : epoch + 1] / params.count_scale
        off = (state.module_on[0] == IDLE).tolist()
        return RackFrame(
            environment=self._name,
            scenario=self._simulation.scenario.name,
            epoch=epoch,
            episode_epochs=params.episode_epochs,
            counters=tuple((name, counters[name]) for name in SHOWN),
            energy_j=float(state.energy_j[0]),
            starts_s=tuple(
                -1.0 if is_off else starts_s
                for is_off, starts_s in zip(off, state.module_ready_s[0].tolist(), strict=True)
            ),
            start_s=params.start_s,
            modules_per_group=counters["modules_per_group"] if len(params.group_sizes) > 1 else None,
            waiting=counters["pending"],
            requests_per_module=params.capacity / params.modules,
            past=tuple(self._past),
            counted=tuple(tuple(one) for one in counts.T.tolist()),
            window_epochs=WINDOW_EPOCHS,
        )

    def text(self, frame: RackFrame) -> str:
        """The frame as text."""
        return as_text(frame)

    def new_picture(self) -> RackPicture:
        """What draws such frames; raises `DependencyNotInstalled` without pygame."""
        from edge_llm_env.envs.scaling.viewer.picture import RackPicture

        return RackPicture()

    def title(self, frame: RackFrame) -> str:
        """The window's."""
        return f"{frame.environment}, {frame.scenario}"
