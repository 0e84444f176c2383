"""What follows the only row of `EdgeLLM/ServiceLevel-v0`, and shows it with levels and loads."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.envs.service_level.frame import LevelFrame, Load
from edge_llm_env.envs.service_level.table import NOT_NOW, table_of
from edge_llm_env.rendering.frames.frame import Frame, Timeline
from edge_llm_env.rendering.frames.snapshot import module_loading_s
from edge_llm_env.rendering.text import bar
from edge_llm_env.rendering.viewer import Viewer

if TYPE_CHECKING:
    from edge_llm_env.envs.service_level.picture import LevelPicture


class LevelViewer(Viewer):
    """Keeps, beside what every viewer keeps, how the prompts of the epoch that is shown are compressed."""

    def __init__(self, simulation: Simulation, render_mode: str, frames_per_s: int) -> None:
        super().__init__(simulation, render_mode, frames_per_s)
        self._table = table_of(simulation.scenario)
        self._compression = np.zeros(simulation.slots, dtype=np.int64)

    def asked(self, levels: NDArray[np.int64]) -> None:
        """The next step gives requests these levels, (slots,)."""
        self._compression = np.where(levels == NOT_NOW, 0, (levels - 1) % len(self._table.ratio))

    def advance(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken."""
        if self._next is not None:  # the batches that are shown are of compressed prompts
            tokens = np.ceil(self._next.slot_prompt_tokens[0] / self._table.ratio[self._compression])
            self._next = self._next._replace(slot_prompt_tokens=np.maximum(1.0, tokens)[None])
        super().advance(parts_s)

    def frame(self) -> LevelFrame:
        """The epoch that the last step acted in; raises `ResetNeeded` before the first reset."""
        frame = super().frame()
        params, state, begun = self._simulation.params, self._simulation.state, self._shown
        assert begun is not None  # else super().frame() has raised
        over = bool(state.counters[0, N_EPOCHS] > begun.counters[0, N_EPOCHS])
        left_s = module_loading_s(params, begun, state) if over else begun.module_ready_s[0]
        ratio, served = self._table.ratio, np.zeros((len(frame.variants), len(self._table.ratio)), dtype=np.int64)
        requests = []
        for slot, one in enumerate(frame.requests):
            if one.variant is None:
                requests.append(one)
                continue
            compression = int(self._compression[slot])
            served[one.variant, compression] += 1
            requests.append(one._replace(compression=float(ratio[compression])))
        shown: dict[str, Any] = vars(frame) | {
            "requests": tuple(requests),
            "timeline": self._with_compressors(frame),
        }
        return LevelFrame(
            **shown,
            loads=tuple(
                Load(int(variant), float(left), float(params.variant_load_s[variant]))
                for variant, left in zip(state.module_variant[0], left_s, strict=True)
            ),
            compressions=("whole", *(f"1/{one:g}" for one in ratio[1:])),
            served_at=tuple(tuple(row) for row in served.tolist()),
        )

    def _with_compressors(self, frame: Frame) -> Timeline:
        """The time line with the time of the node's compressor in that of each batch."""
        takes_s: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for slot, one in enumerate(frame.requests):
            if one.variant is not None:
                group = int(self._simulation.state.served_by[0, slot])
                each_s = float(self._table.s_per_token[self._compression[slot]])
                takes_s[group // GROUPS][group] += each_s * one.prompt_tokens
        computations = []
        for batch in frame.timeline.computations:
            more_s = 0.0
            if batch.requests and batch.variant is not None:  # groups of a variant come in order
                more_s = takes_s[batch.variant].pop(min(takes_s[batch.variant]))
            computations.append(batch._replace(ends_s=batch.ends_s + more_s))
        return frame.timeline._replace(computations=tuple(computations))

    def text(self, frame: Frame) -> str:
        """The frame as text."""
        assert isinstance(frame, LevelFrame)
        return f"{super().text(frame)}\n\n" + "\n".join(level_lines(frame))

    def new_picture(self) -> LevelPicture:
        """What draws such frames; raises `DependencyNotInstalled` without pygame."""
        from edge_llm_env.envs.service_level.picture import LevelPicture

        return LevelPicture()


def level_lines(frame: LevelFrame) -> list[str]:
    """What modules hold and load, and how many each variant served at each compression."""
    lines = []
    for number, (variant, left_s, load_s) in enumerate(frame.loads):
        loads = f", loads {bar(1.0 - left_s / load_s)} {left_s:.1f} s" if left_s > 0.0 else ""
        lines.append(f"module {number} {frame.variants[variant]}{loads}")
    for name, counts in zip(frame.variants, frame.served_at, strict=True):
        if any(counts):
            said = (f"{count} {how}" for how, count in zip(frame.compressions, counts, strict=True) if count)
            lines.append(f"by {name}: {', '.join(said)}")
    return lines
