"""A frame as a picture of 800 × 600 pixels."""

from __future__ import annotations

from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, Canvas
from edge_llm_env.rendering.drawing.frame_picture import HEIGHT, MARGIN, WIDTH, FramePicture
from edge_llm_env.rendering.drawing.node_panels import draw_modules, draw_score, draw_usage
from edge_llm_env.rendering.drawing.palette import DEADLINE
from edge_llm_env.rendering.drawing.request_panel import draw_requests
from edge_llm_env.rendering.drawing.task_panel import draw_tasks
from edge_llm_env.rendering.drawing.timeline_panel import draw_timeline
from edge_llm_env.rendering.frames.frame import Frame

RIGHT_PANELS = 548
"""Where the panels of the node begin, at the right of the pending requests."""


class Picture(FramePicture):
    """Draws frames, each over the last."""

    def draw(self, frame: Frame) -> None:
        """Draw a frame."""
        canvas = self._canvas
        canvas.clear()
        draw_header(canvas, frame)
        top = draw_timeline(canvas, frame.timeline, MARGIN, 70, WIDTH - MARGIN) + 8
        canvas.line(MARGIN, top, WIDTH - MARGIN, top, FAINT)
        top += 16
        draw_pending = draw_requests if frame.strips is None else draw_tasks
        draw_pending(canvas, frame, MARGIN, top, RIGHT_PANELS - 16, HEIGHT - 8)
        self.draw_node(canvas, frame, top)

    def draw_node(self, canvas: Canvas, frame: Frame, top: float) -> None:
        """The panels at the right of the pending requests."""
        top = draw_usage(canvas, frame.usage, RIGHT_PANELS, top, WIDTH - MARGIN) + 16
        if frame.modules:
            top = draw_modules(canvas, frame.modules, RIGHT_PANELS, top, WIDTH - MARGIN) + 16
        draw_score(canvas, frame.score, RIGHT_PANELS, top, WIDTH - MARGIN, HEIGHT - 14)


def draw_header(canvas: Canvas, frame: Frame) -> None:
    """What is played, when, and what has become of the requests so far."""
    ends_s = frame.begins_s + frame.timeline.epoch_s
    when = f"epoch {frame.epoch} of {frame.epochs}   {frame.begins_s:g} – {ends_s:g} s"
    taken = canvas.text(when, WIDTH - MARGIN, 22, 22, align="right")
    room = WIDTH - 2 * MARGIN - taken - 24
    canvas.text(f"{frame.environment}   {frame.scenario}", MARGIN, 22, 26, width=room)
    x = float(MARGIN)
    for name, count in frame.counters._asdict().items():
        x += canvas.text(f"{name} ", x, 48, 20, GREY)
        x += canvas.text(f"{count}", x, 48, 20) + 20
    if any(one.deadline_s is not None for one in frame.timeline.computations):
        x = (
            WIDTH
            - MARGIN
            - canvas.text("latest end that the batch allows", WIDTH - MARGIN, 48, 16, GREY, align="right")
        )
        canvas.line(x - 6, 42, x - 6, 54, DEADLINE, 2)
