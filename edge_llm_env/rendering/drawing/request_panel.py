"""The picture of the pending requests: a table while there is room, else a bar for each."""

from __future__ import annotations

from collections import Counter

from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, Canvas
from edge_llm_env.rendering.drawing.palette import FATE_COLOURS, light, variant_colour
from edge_llm_env.rendering.frames.frame import Fate, Frame, PendingRequest

ROW = 17
"""Height of a row of the table."""


def draw_requests(canvas: Canvas, frame: Frame, left: float, top: float, right: float, bottom: float) -> None:
    """Draw them by slack, the least first, within the box."""
    count, beyond = len(frame.requests), frame.beyond_visible
    heading = f"pending at {frame.begins_s:g} s: {count}" + (f", and {beyond} beyond the visible" if beyond else "")
    canvas.text(heading, left, top, 20)
    draw_legend(canvas, frame, left, top + 20)
    carried = any(one.sent is not None for one in frame.requests)
    legend = "bar: slack, dark: time alone" + (", line: part that is sent" if carried else "")
    canvas.text(legend, right, top + 20, 16, GREY, align="right")
    top += 40
    requests = sorted(frame.requests, key=lambda one: one.slack_s)
    rows = int((bottom - top - 8) // ROW)
    if count == 0:
        canvas.text("no requests", (left + right) / 2, top + 60, 20, GREY, align="centre")
    elif count <= rows:
        draw_table(canvas, frame, requests, left, top, right)
    elif count <= 2 * rows:
        middle = (left + right) / 2
        half = (count + 1) // 2
        draw_table(canvas, frame, requests[:half], left, top, middle - 8)
        draw_table(canvas, frame, requests[half:], middle + 8, top, right)
    else:
        draw_bars(canvas, frame, requests, left, top, right, bottom)


def draw_legend(canvas: Canvas, frame: Frame, x: float, y: float) -> None:
    """How many have which fate."""
    counts = Counter(one.fate for one in frame.requests)
    for fate in Fate:
        if counts[fate]:
            canvas.box(x, y - 5, 10, 10, FATE_COLOURS[fate])
            x += 14 + canvas.text(f"{fate} {counts[fate]}", x + 14, y, 18) + 16


def draw_table(
    canvas: Canvas, frame: Frame, requests: list[PendingRequest], left: float, top: float, right: float
) -> None:
    """A row for each: its index, tokens, a bar of its slack, in it the time that it takes alone, and the slack."""
    tokens, bar = left + 106, left + 124
    longest = right - 48 - bar
    canvas.text("request", left, top, 16, GREY)
    canvas.text("tokens", tokens, top, 16, GREY, align="right")
    canvas.text("slack, s", right, top, 16, GREY, align="right")
    for index, one in enumerate(requests):
        y, colour = top + 17 + index * ROW, FATE_COLOURS[one.fate]
        canvas.text(f"{one.request}", left, y, 16)
        canvas.text(one.lengths, tokens, y, 16, width=72, align="right")
        if one.variant is not None:
            canvas.box(tokens + 5, y - 5, 9, 10, variant_colour(one.variant))
        canvas.box(bar, y - 6, longest, 12, light(FAINT, 0.5))
        canvas.box(bar, y - 6, longest * part(one.slack_s, frame), 12, light(colour, 0.45))
        canvas.box(bar, y - 6, longest * part(one.compute_s, frame), 12, colour)
        if one.sent is not None:
            canvas.box(bar, y + 4, longest * one.sent, 2, GREY)
        canvas.text(f"{one.slack_s:.2f}", right, y, 16, align="right")


def draw_bars(
    canvas: Canvas,
    frame: Frame,
    requests: list[PendingRequest],
    left: float,
    top: float,
    right: float,
    bottom: float,
) -> None:
    """A column for each: its slack, and in it the time that it takes alone."""
    canvas.text(f"highest: {frame.longest_slack_s:.3g} s", left, top, 16, GREY)
    top += 12
    width = (right - left) / len(requests)
    drawn = width - 1 if width >= 3 else width
    for index, one in enumerate(requests):
        x, colour = left + index * width, FATE_COLOURS[one.fate]
        for time_s, shade in ((one.slack_s, light(colour, 0.45)), (one.compute_s, colour)):
            height = (bottom - top) * part(time_s, frame)
            canvas.box(x, bottom - height, drawn, height, shade)
    canvas.line(left, bottom, right, bottom, GREY)


def part(time_s: float, frame: Frame) -> float:
    """A time on the scale of slacks, 0..1."""
    return min(max(time_s / frame.longest_slack_s, 0.0), 1.0)
