"""The picture of an epoch's time line."""

from __future__ import annotations

from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, Canvas, Colour, ink_on
from edge_llm_env.rendering.drawing.palette import DEADLINE, DOWNLINK, UPLINK, light, variant_colour
from edge_llm_env.rendering.frames.frame import Computation, Part, Timeline

LABELS = 152
"""Width of the names at the left."""
ROW, LEAST_ROW, ALL_ROWS = 22, 9, 150
"""Height of a row, the least if there are many, and of all rows together."""


def draw_timeline(canvas: Canvas, timeline: Timeline, left: float, top: float, right: float) -> float:
    """Draw it, one row for each transfer and computation; where it ends."""
    begins, scale = left + LABELS, (right - left - LABELS) / timeline.epoch_s
    row = max(LEAST_ROW, min(ROW, ALL_ROWS // (2 + len(timeline.computations))))
    size = 18 if row >= 16 else 14
    bottom = top + row * (2 + len(timeline.computations))
    labelled: list[float] = []
    for tick_s in (0.0, timeline.epoch_s, timeline.uplink.ends_s, timeline.downlink.begins_s, timeline.downlink.ends_s):
        x = begins + tick_s * scale
        canvas.line(x, top, x, bottom + 3, FAINT)
        middle = x - 10 if x + 20 > right else x
        if all(abs(middle - other) > 44 for other in labelled):
            canvas.text(f"{tick_s:.3g} s", middle, bottom + 11, 16, GREY, align="centre")
            labelled.append(middle)
    draw_part(canvas, "uplink", timeline.uplink, UPLINK, (left, begins, right), top, row, scale, size)
    for index, one in enumerate(timeline.computations, start=1):
        draw_computation(canvas, one, (left, begins, right), top + index * row, row, scale, size)
    draw_part(canvas, "downlink", timeline.downlink, DOWNLINK, (left, begins, right), bottom - row, row, scale, size)
    return bottom + 18


def draw_part(
    canvas: Canvas,
    name: str,
    part: Part,
    colour: Colour,
    columns: tuple[float, float, float],
    top: float,
    row: float,
    scale: float,
    size: int,
) -> None:
    """A band's row: the part pale, from below as much of it full as is used."""
    left, begins, right = columns
    canvas.text(name, left, top + row / 2, size, GREY)
    x, width = begins + part.begins_s * scale, (part.ends_s - part.begins_s) * scale
    if width > 0.0:
        used = min(1.0, part.band_used) * (row - 4)
        canvas.box(x, top + 2, width, row - 4, light(colour, 0.75))
        canvas.box(x, top + row - 2 - max(1.0, round(used)), width if used > 0.0 else 0.0, max(1.0, used), colour)
        canvas.box(x, top + 2, 0, row - 4, colour)
    text = f"{part.band_used:.1%} of the band"
    write_beside(canvas, text, (x, x + width), (begins, right), top + row / 2, size, colour)


def draw_computation(
    canvas: Canvas,
    one: Computation,
    columns: tuple[float, float, float],
    top: float,
    row: float,
    scale: float,
    size: int,
) -> None:
    """A computation's row: hatched while it loads weights, full while it computes, a line where it has to end."""
    left, begins, right = columns
    colour = variant_colour(one.variant)
    if one.variant is not None:
        canvas.box(left, top + row / 2 - 5, 10, 10, colour)
        left += 15
    canvas.text(one.name, left, top + row / 2, size, GREY, width=begins - left - 6)
    if one.loads_until_s > 0.0:
        canvas.hatched(begins, top + 3, min(one.loads_until_s * scale, right - begins), row - 6, light(colour, 0.4))
    x, ends = begins + one.begins_s * scale, begins + one.ends_s * scale
    text = "nothing"
    if one.requests:
        canvas.box(x, top + 2, ends - x, row - 4, colour)
        text = f"{one.requests} {'request' if one.requests == 1 else 'requests'}, {one.ends_s - one.begins_s:.2f} s"
    if one.deadline_s is not None and begins + one.deadline_s * scale <= right:
        deadline = begins + one.deadline_s * scale
        canvas.line(deadline, top + 1, deadline, top + row - 2, DEADLINE, 2)
        ends = deadline if deadline - ends < canvas.text_width(text, size) + 12 else ends
    loaded = begins + one.loads_until_s * scale
    if one.requests or loaded == begins:
        write_beside(canvas, text, (x, ends), (loaded, right), top + row / 2, size, colour)


def write_beside(
    canvas: Canvas, text: str, bar: tuple[float, float], room: tuple[float, float], y: float, size: int, colour: Colour
) -> None:
    """Write at the right of a bar of that colour if there is room, else at its left, else on it."""
    width = canvas.text_width(text, size)
    if bar[1] + 6 + width <= room[1]:
        canvas.text(text, bar[1] + 6, y, size)
    elif bar[0] - 6 - width >= room[0]:
        canvas.text(text, bar[0] - 6, y, size, align="right")
    else:
        canvas.text(text, bar[0] + 6, y, size, ink_on(colour), width=room[1] - bar[0] - 6)
