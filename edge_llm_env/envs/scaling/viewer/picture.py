"""A rack's frame as a picture of 800 × 600 pixels."""

from __future__ import annotations

from edge_llm_env.envs.scaling.viewer.frame import RackFrame
from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, Canvas
from edge_llm_env.rendering.drawing.frame_picture import MARGIN, WIDTH, FramePicture, draw_heading
from edge_llm_env.rendering.drawing.palette import DEADLINE, MEMORY, light, variant_colour

LEFT, RIGHT = 84, 784
MODULES_TOP, MODULES_BOTTOM = 92, 152
LOAD_TOP, LOAD_BOTTOM = 190, 400
FEEDERS_TOP, FEEDERS_BOTTOM = 436, 580
SERVED, ON = variant_colour(0), variant_colour(1)


class RackPicture(FramePicture):
    """Draws frames, each over the last."""

    def draw(self, frame: RackFrame) -> None:
        """Draw a frame."""
        self._canvas.clear()
        draw_header(self._canvas, frame)
        draw_modules(self._canvas, frame)
        draw_load(self._canvas, frame)
        draw_feeders(self._canvas, frame)


def draw_header(canvas: Canvas, frame: RackFrame) -> None:
    """What is played, when, and what has become of the requests so far."""
    when = f"epoch {frame.epoch} of {frame.episode_epochs}"
    draw_heading(canvas, f"{frame.environment}   {frame.scenario}", when, frame.counters)
    canvas.text(f"{frame.energy_j / 1000:.1f} kJ", WIDTH - MARGIN, 46, 16, align="right")


def draw_modules(canvas: Canvas, frame: RackFrame) -> None:
    """Which modules are on, and how far those have come that start."""
    grouped = "" if frame.modules_per_group is None else f" in groups of {frame.modules_per_group}"
    canvas.text(f"modules{grouped}: on full, starting in part, off empty", MARGIN, MODULES_TOP - 16, 16, GREY)
    width = min(90.0, (WIDTH - 2 * MARGIN) / len(frame.starts_s))
    height = MODULES_BOTTOM - MODULES_TOP
    for at, starts_s in enumerate(frame.starts_s):
        x = MARGIN + at * width
        canvas.box(x, MODULES_TOP, width - 4, height, FAINT)
        if starts_s >= 0:
            done = 1.0 - starts_s / frame.start_s if starts_s > 0 else 1.0
            colour = light(ON) if starts_s > 0 else ON
            canvas.box(x, MODULES_BOTTOM - done * height, width - 4, done * height, colour)


def column(frame: RackFrame, back: int) -> tuple[float, float]:
    """Where an epoch so many back begins on the scale, and how wide it is."""
    width = (RIGHT - LEFT) / frame.window_epochs
    return RIGHT - (back + 1) * width, width


def draw_load(canvas: Canvas, frame: RackFrame) -> None:
    """What arrived and was served in each epoch, and how many modules were on."""
    canvas.text(
        f"load in modules of {frame.requests_per_module:g} requests an epoch: served, expired; modules on, and ready",
        MARGIN,
        LOAD_TOP - 16,
        16,
        GREY,
    )
    modules, height = len(frame.starts_s), LOAD_BOTTOM - LOAD_TOP
    for level in range(0, modules + 1, max(1, modules // 4)):
        y = LOAD_BOTTOM - height * level / modules
        canvas.line(LEFT, y, RIGHT, y, FAINT)
        canvas.text(f"{level}", LEFT - 8, y, 14, GREY, align="right")
    for back, past in enumerate(reversed(frame.past)):
        x, width = column(frame, back)
        served, expired = (height * min(modules, load) / modules for load in (past.served, past.expired))
        expired = min(expired, height - served)
        canvas.box(x, LOAD_BOTTOM - served, width - 1, served, SERVED)
        canvas.box(x, LOAD_BOTTOM - served - expired, width - 1, expired, DEADLINE)
        for count, colour in ((past.on, light(ON)), (past.ready, ON)):
            y = LOAD_BOTTOM - height * count / modules
            canvas.line(x, y, x + width, y, colour, 3)


def draw_feeders(canvas: Canvas, frame: RackFrame) -> None:
    """What was counted at each feeder cell in each epoch."""
    if not frame.counted:
        return
    canvas.text("counted at feeder cells", MARGIN, FEEDERS_TOP - 16, 16, GREY)
    row = min(24.0, (FEEDERS_BOTTOM - FEEDERS_TOP) / len(frame.counted))
    for number, counts in enumerate(frame.counted):
        y = FEEDERS_TOP + number * row
        canvas.text(f"feeder {number}", LEFT - 8, y + row / 2, 14, GREY, align="right")
        canvas.line(LEFT, y + row - 2, RIGHT, y + row - 2, FAINT)
        for back, count in enumerate(reversed(counts)):
            x, width = column(frame, back)
            tall = min(1.0, count) * (row - 4)
            canvas.box(x, y + row - 2 - tall, width - 1, tall, MEMORY)
