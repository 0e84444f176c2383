"""An engine's frame as a picture of 800 × 600 pixels."""

from __future__ import annotations

from collections.abc import Sequence

from edge_llm_env.envs.continuous_batching.viewer.frame import EngineFrame
from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, Canvas
from edge_llm_env.rendering.drawing.frame_picture import HEIGHT, MARGIN, WIDTH, FramePicture, draw_heading
from edge_llm_env.rendering.drawing.palette import DEADLINE, MEMORY, light, variant_colour
from edge_llm_env.rendering.drawing.task_panel import Now, draw_marks, draw_strips
from edge_llm_env.rendering.frames.frame import Strip

LANES_TOP, LANES_BOTTOM, LANES_BOTTOM_BESIDE_TASKS = 88, 388, 208
LEFT, RIGHT = 56, 784
MEMORY_BELOW, MEMORY_HEIGHT = 20, 40
"""The memory's panel below the lanes."""
WAITING_BELOW, WAITING_HEIGHT = 98, 13
"""Who waits below them, or agent tasks; and the height of one of those who wait."""
COLUMN = 384
"""Width of a column of waiting requests."""


class EnginePicture(FramePicture):
    """Draws frames, each over the last."""

    def draw(self, frame: EngineFrame) -> None:
        """Draw a frame."""
        self._canvas.clear()
        draw_header(self._canvas, frame)
        bottom = LANES_BOTTOM if frame.strips is None else LANES_BOTTOM_BESIDE_TASKS
        draw_lanes(self._canvas, frame, bottom)
        draw_memory(self._canvas, frame, bottom + MEMORY_BELOW)
        if frame.strips is None:
            draw_waiting(self._canvas, frame, bottom + WAITING_BELOW)
        else:
            draw_tasks(self._canvas, frame, frame.strips, bottom + WAITING_BELOW)


def draw_header(canvas: Canvas, frame: EngineFrame) -> None:
    """What is played, when, and what has become of the requests so far."""
    when = (
        f"{frame.now_s:.2f} of {frame.end_s:g} s   {1000 * frame.iteration_s:.0f} ms, {frame.iteration_tokens} tokens"
    )
    draw_heading(canvas, f"{frame.environment}   {frame.scenario}", when, frame.counters)
    canvas.text("running batch: prompts light, decodes full, late ones marked", MARGIN, 72, 16, GREY)
    x = float(WIDTH - MARGIN)
    for at, name in reversed(list(enumerate(frame.class_names))):
        x -= canvas.text(name, x, 72, 16, GREY, align="right") + 14
        canvas.box(x, 67, 10, 10, variant_colour(at))
        x -= 12


def across(frame: EngineFrame, at_s: float) -> float:
    """Where a time stands on the scale of the window."""
    left_s = frame.now_s - frame.window_s
    return LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, (at_s - left_s) / frame.window_s))


def draw_lanes(canvas: Canvas, frame: EngineFrame, bottom: float) -> None:
    """Who was in the running batch when, down to there; the scale of time goes on through the memory's panel."""
    height = min(14.0, (bottom - LANES_TOP) / max(1, len(frame.lanes)))
    scale = bottom + MEMORY_BELOW + MEMORY_HEIGHT
    for second in range(int(frame.now_s - frame.window_s), int(frame.now_s) + 1):
        if second >= max(0.0, frame.now_s - frame.window_s):
            x = across(frame, second)
            canvas.line(x, LANES_TOP, x, scale, FAINT)
            canvas.text(f"{second} s", x, scale + 9, 14, GREY, align="centre")
    for at, lane in enumerate(frame.lanes):
        y, colour = LANES_TOP + at * height, variant_colour(lane.service_class)
        begins, ends = across(frame, lane.begins_s), across(frame, lane.ends_s)
        first = min(ends, across(frame, lane.first_token_s))
        canvas.box(begins, y, first - begins, height - 1, light(colour))
        canvas.box(first, y, ends - first, height - 1, colour)
        if lane.is_late:
            canvas.line(first, y, first, y + height - 1, DEADLINE, 2)
        if height >= 10:
            canvas.text(f"{lane.request}", LEFT - 8, y + height / 2, 14, GREY, align="right")


def draw_memory(canvas: Canvas, frame: EngineFrame, top: float) -> None:
    """How full the KV cache was when."""
    height, bottom = MEMORY_HEIGHT, top + MEMORY_HEIGHT
    canvas.text("KV", LEFT - 8, (top + bottom) / 2, 16, GREY, align="right")
    canvas.line(LEFT, bottom, RIGHT, bottom, GREY)
    canvas.line(LEFT, top, RIGHT, top, FAINT)
    for (at_s, share), (until_s, _) in zip(frame.memory, frame.memory[1:], strict=False):
        begins, ends = across(frame, at_s), across(frame, until_s)
        canvas.box(begins, bottom - share * height, ends - begins, share * height, MEMORY)


def draw_tasks(canvas: Canvas, frame: EngineFrame, strips: Sequence[Strip], top: float) -> None:
    """Agent tasks that have arrived and not ended, the one that must end first on top."""
    canvas.text(f"agent tasks: {len(strips)}   calls {waiting(frame)}", MARGIN, top - 14, 16, GREY)
    draw_marks(canvas, RIGHT, top - 14)
    draw_strips(canvas, strips, Now(frame.now_s, 0.0), MARGIN, top, RIGHT, HEIGHT - 8)


def waiting(frame: EngineFrame) -> str:
    """How many wait."""
    return f"waiting: {len(frame.waiting)}" + (f", {frame.beyond_visible} more beyond" if frame.beyond_visible else "")


def draw_waiting(canvas: Canvas, frame: EngineFrame, top: int) -> None:
    """Who waits, and for how long they still can."""
    canvas.text(waiting(frame), MARGIN, top - 14, 16, GREY)
    rows = (HEIGHT - top) // WAITING_HEIGHT
    for at, one in enumerate(frame.waiting[: 2 * rows]):
        x, y = MARGIN + (at // rows) * COLUMN, top + (at % rows) * WAITING_HEIGHT + 4
        told = f"{one.told_tokens}" if one.told_tokens else "?"
        canvas.text(f"{one.request}  {one.class_name}  {one.prompt_tokens} + {told}", x, y, 14, width=200)
        share = min(1.0, max(0.0, one.slack_s / frame.longest_slack_s))
        colour = DEADLINE if one.is_late else variant_colour(frame.class_names.index(one.class_name))
        canvas.box(x + 210, y - 4, 150 * share, 8, colour)
