"""A frame of levels as a picture of 800 × 600 pixels."""

from __future__ import annotations

from edge_llm_env.envs.service_level.frame import LevelFrame
from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, Canvas, ink_on
from edge_llm_env.rendering.drawing.frame_picture import HEIGHT, MARGIN, WIDTH
from edge_llm_env.rendering.drawing.node_panels import draw_modules, draw_score
from edge_llm_env.rendering.drawing.palette import light, variant_colour
from edge_llm_env.rendering.drawing.picture import RIGHT_PANELS, Picture
from edge_llm_env.rendering.frames.frame import Frame

MOST_ROWS = 6
"""Modules above which each is a square."""
ROW = 20


class LevelPicture(Picture):
    """Draws frames, each over the last: what modules load, and who is served how well, in place of what is used."""

    def draw_node(self, canvas: Canvas, frame: Frame, top: float) -> None:
        """The panels at the right of the pending requests."""
        assert isinstance(frame, LevelFrame)
        right = WIDTH - MARGIN
        if len(frame.loads) <= MOST_ROWS:
            top = draw_loads(canvas, frame, RIGHT_PANELS, top, right) + 16
        else:
            top = draw_modules(canvas, frame.modules, RIGHT_PANELS, top, right) + 16
        top = draw_levels(canvas, frame, RIGHT_PANELS, top, right) + 16
        draw_score(canvas, frame.score, RIGHT_PANELS, top, right, HEIGHT - 14)


def draw_loads(canvas: Canvas, frame: LevelFrame, left: float, top: float, right: float) -> float:
    """A bar for each module, full if it has loaded its variant and hatched as far as it has come; where it ends."""
    canvas.text("modules", left, top, 20)
    y = top + 22
    for variant, left_s, load_s in frame.loads:
        colour, height = variant_colour(variant), ROW - 4
        canvas.box(left, y - height / 2, right - left, height, light(FAINT, 0.5))
        if left_s > 0.0:
            canvas.hatched(left, y - height / 2, (right - left) * (1.0 - left_s / load_s), height, light(colour, 0.4))
            canvas.text(f"loads {left_s:.1f} s", right - 6, y, 16, align="right")
            canvas.text(frame.variants[variant], left + 6, y, 16, width=right - left - 100)
        else:
            canvas.box(left, y - height / 2, right - left, height, colour)
            canvas.text(frame.variants[variant], left + 6, y, 16, ink_on(colour), width=right - left - 12)
        y += ROW
    return y - ROW / 2


def draw_levels(canvas: Canvas, frame: LevelFrame, left: float, top: float, right: float) -> float:
    """For each variant how many requests it served, with whole prompts and with shorter ones; where it ends."""
    canvas.text("served with prompts", left, top, 20)
    names, width = left + 130, (right - left - 130) / len(frame.compressions)
    for column, name in enumerate(frame.compressions):
        canvas.text(name, names + (column + 0.5) * width, top + 20, 16, GREY, align="centre")
    y = top + 38
    for variant, (name, counts) in enumerate(zip(frame.variants, frame.served_at, strict=True)):
        colour = variant_colour(variant)
        canvas.box(left, y - 5, 10, 10, colour)
        canvas.text(name, left + 15, y, 16, GREY, width=names - left - 18)
        for column, count in enumerate(counts):
            if count:
                canvas.box(names + column * width, y - 7, width - 2, 14, light(colour, 0.5))
                canvas.text(f"{count}", names + (column + 0.5) * width, y, 16, align="centre")
        y += ROW - 4
    return y - (ROW - 4) / 2
