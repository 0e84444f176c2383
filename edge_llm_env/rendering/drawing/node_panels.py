"""The pictures of the node: what the batch uses, what the modules host, and how many have been served."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, INK, Canvas
from edge_llm_env.rendering.drawing.palette import FATE_COLOURS, RESOURCE_COLOURS, light, variant_colour
from edge_llm_env.rendering.frames.frame import Fate, Module, Score, Usage

LEAST_CHART = 40
"""Height in pixels below which a chart says nothing."""
LEAST_RANGE = 5
"""Requests that the chart's height stands for at least."""


def draw_usage(canvas: Canvas, usage: Sequence[Usage], left: float, top: float, right: float) -> float:
    """A bar for each resource; where it ends."""
    canvas.text("used by the batch", left, top, 20)
    y = top + 24
    for used in usage:
        colour = RESOURCE_COLOURS[used.name]
        canvas.text(used.name, left, y, 18, GREY)
        canvas.text(f"{used.fraction:.1%}", right, y, 18, align="right")
        if used.amount:
            canvas.text(used.amount, right - 56, y, 16, GREY, align="right")
        canvas.box(left, y + 9, right - left, 8, light(colour, 0.8))
        canvas.box(left, y + 9, (right - left) * min(1.0, used.fraction), 8, colour)
        y += 32
    return y - 8


def draw_modules(canvas: Canvas, modules: Sequence[Module], left: float, top: float, right: float) -> float:
    """A square for each module in its variant's colour, hatched while it loads, empty if idle; where it ends."""
    loading = sum(one.is_loading for one in modules)
    idle = sum(one.variant is None for one in modules)
    states = [f"{count} {name}" for count, name in ((loading, "loading"), (idle, "idle")) if count]
    canvas.text("modules" + (f": {', '.join(states)}" if states else ""), left, top, 20)
    per_line = max(10, ceil(len(modules) / 4))
    side = (right - left) / per_line
    for index, one in enumerate(modules):
        x, y = left + index % per_line * side, top + 14 + index // per_line * side
        colour, drawn = variant_colour(one.variant), max(2.0, side - 3)
        if one.variant is None:
            canvas.box(x, y, drawn, drawn, light(FAINT, 0.5), outline=GREY)
        elif one.is_loading:
            canvas.hatched(x, y, drawn, drawn, colour)
        else:
            canvas.box(x, y, drawn, drawn, colour)
    return top + 14 + ceil(len(modules) / per_line) * side


def draw_score(canvas: Canvas, score: Score, left: float, top: float, right: float, bottom: float) -> None:
    """How many have been served beside the reference, and the lead after each epoch as a chart."""
    finished = len(score.served)
    canvas.text(f"served after {finished} epochs" if finished != 1 else "served after 1 epoch", left, top, 20)
    served, other = (counts[-1] if counts else 0 for counts in (score.served, score.reference))
    for y, name, count in ((top + 24, "this policy", served), (top + 44, score.reference_name, other)):
        canvas.text(name, left, y, 18, GREY)
        canvas.text(f"{count}", right, y, 18, align="right")
    canvas.text("difference", left, top + 64, 18, GREY)
    canvas.text(signed(served - other), right, top + 64, 18, align="right")
    if finished and bottom - top - 80 >= LEAST_CHART:
        draw_lead(canvas, score.lead, left, top + 80, right, bottom)


def draw_lead(canvas: Canvas, lead: Sequence[int], left: float, top: float, right: float, bottom: float) -> None:
    """The difference after each epoch, up where more were served than by the reference."""
    highest, lowest = max(*lead, 0), min(*lead, 0)
    scale = (bottom - top) / max(LEAST_RANGE, highest - lowest)
    zero = top + (highest if lowest < 0 else max(highest, LEAST_RANGE)) * scale
    for value in {highest, 0, lowest}:
        canvas.text(signed(value), left + 24, zero - value * scale, 16, GREY, align="right")
    left += 30
    width = (right - left) / max(10, len(lead))
    for index, ahead in enumerate(lead):
        colour = FATE_COLOURS[Fate.SERVED if ahead > 0 else Fate.EXPIRES]
        drawn = width - 1 if width >= 3 else width
        canvas.box(left + index * width, min(zero, zero - ahead * scale), drawn, abs(ahead) * scale, colour)
    canvas.line(left, zero, right, zero, INK)


def signed(difference: int) -> str:
    """A whole number with its sign."""
    return f"{difference:+d}" if difference else "0"
