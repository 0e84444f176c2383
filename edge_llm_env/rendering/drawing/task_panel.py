"""The picture of agent tasks: a strip for each, from its arrival to its deadline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, INK, Canvas
from edge_llm_env.rendering.drawing.palette import DEADLINE, FATE_COLOURS, light
from edge_llm_env.rendering.drawing.request_panel import draw_legend
from edge_llm_env.rendering.frames.frame import Fate, Frame, Strip

TALLEST, LEAST, NAMED = 17, 7, 10
"""Height of a strip, the least if there are many, and the least with a name; more than fit are counted."""

LABELS = 92
"""Width of the names at the left."""


class Now(NamedTuple):
    """What of the scale of time is the present."""

    time_s: float
    lasts_s: float
    """An epoch; 0 of an engine's iterations."""


def draw_tasks(canvas: Canvas, frame: Frame, left: float, top: float, right: float, bottom: float) -> None:
    """Draw them within the box on one scale of time, the one that must end first on top."""
    strips = frame.strips or ()
    canvas.text(f"agent tasks at {frame.begins_s:g} s: {len(strips)}", left, top, 20)
    draw_legend(canvas, frame, left, top + 20)
    draw_marks(canvas, right, top)
    draw_strips(canvas, strips, Now(frame.begins_s, frame.timeline.epoch_s), left, top + 40, right, bottom)


def draw_strips(
    canvas: Canvas, strips: Sequence[Strip], now: Now, left: float, top: float, right: float, bottom: float
) -> None:
    """Draw strips within the box on one scale of time, the first on top."""
    if not strips:
        canvas.text("no tasks", (left + right) / 2, top + 60, 20, GREY, align="centre")
        return
    rows = min(len(strips), int((bottom - top - 16) // LEAST))
    height = min(TALLEST, (bottom - top - 16) / rows)
    begins_s = min(one.arrival_s for one in strips[:rows])
    ends_s = max(one.deadline_s for one in strips[:rows])
    scale = (right - left - LABELS) / (ends_s - begins_s)
    x = left + LABELS + (now.time_s - begins_s) * scale
    canvas.box(x, top, max(2.0, now.lasts_s * scale), rows * height, FAINT)
    for row, one in enumerate(strips[:rows]):
        draw_strip(canvas, one, now, (left, left + LABELS - begins_s * scale), top + row * height, height, scale)
    for time_s, align in ((begins_s, "left"), (ends_s, "right")):
        x = left + LABELS + (time_s - begins_s) * scale
        canvas.text(f"{time_s:.0f} s", x, top + rows * height + 8, 16, GREY, align=align)  # type: ignore[arg-type]
    if len(strips) > rows:
        text = f"and {len(strips) - rows} that end later"
        canvas.text(text, (left + LABELS + right) / 2, top + rows * height + 8, 16, GREY, align="centre")


def draw_marks(canvas: Canvas, right: float, top: float) -> None:
    """What the marks of strips mean, ending at the right."""
    x = right - canvas.text("deadline", right, top, 16, GREY, align="right") - 6
    canvas.line(x, top - 5, x, top + 5, DEADLINE, 2)
    x -= 8 + canvas.text("tool", x - 8, top, 16, GREY, align="right")
    canvas.hatched(x - 16, top - 4, 12, 8, GREY)
    x -= 24 + canvas.text("to come", x - 24, top, 16, GREY, align="right")
    canvas.box(x - 12, top - 4, 7, 8, FAINT, outline=GREY)


def draw_strip(
    canvas: Canvas,
    one: Strip,
    now: Now,
    columns: tuple[float, float],
    top: float,
    height: float,
    scale: float,
) -> None:
    """A task: calls that were answered, tools, the calls that are visible, those to come, and the deadline."""
    left, zero = columns
    middle, thick = top + height / 2, max(3.0, height - 6.0)
    if height >= NAMED:
        name = f"{one.kind} {one.task}  {len(one.answered_s)}/{one.calls}"
        canvas.text(name, left, middle, 14, width=LABELS - 6)
    x, deadline = zero + one.arrival_s * scale, zero + one.deadline_s * scale
    canvas.line(x, middle, deadline, middle, GREY)
    for begins_s, ends_s in one.tools_s:
        canvas.hatched(zero + begins_s * scale, middle - thick / 2 + 1, (ends_s - begins_s) * scale, thick - 2, GREY)
    width = max(6.0, now.lasts_s * scale)
    served = FATE_COLOURS[Fate.SERVED]
    for begins_s, ends_s in one.answered_s:
        x, wide = zero + ends_s * scale, max(3.0, (ends_s - begins_s) * scale)
        canvas.box(x - wide, middle - thick / 2, wide - 1, thick, light(served, 0.35))
    x = zero + now.time_s * scale
    for begins_s in one.running_s:
        wide = max(3.0, (now.time_s - begins_s) * scale)
        canvas.box(x - wide, middle - thick / 2, wide, thick, served, outline=INK)
    shown = [fate for fate in one.fates if fate is not Fate.SERVED]
    for fate in one.fates:
        canvas.box(x, middle - thick / 2, width - 1, thick, FATE_COLOURS[fate], outline=INK)
    x = max(x, zero + max((ends_s for _, ends_s in one.tools_s), default=0.0) * scale) + width
    for _ in range(one.calls - len(one.answered_s) - len(one.running_s) - len(shown)):
        canvas.box(x + 1, middle - thick / 2, 4, thick, FAINT, outline=GREY)
        x += 5
    canvas.line(deadline, middle - thick / 2 - 1, deadline, middle + thick / 2 + 1, DEADLINE, 2)
