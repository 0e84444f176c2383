"""A network's frame as a picture of 800 × 600 pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge_llm_env.envs.multi_node.viewer.frame import Module, NetworkFrame, Site
from edge_llm_env.rendering.drawing.canvas import FAINT, GREY, Canvas, ink_on
from edge_llm_env.rendering.drawing.frame_picture import MARGIN, WIDTH, FramePicture, draw_heading
from edge_llm_env.rendering.drawing.palette import COMPUTE, FATE_COLOURS, UPLINK, light, variant_colour
from edge_llm_env.rendering.frames.frame import Fate

PLANE_TOP, PLANE_BOTTOM = 76, 468
BOX_WIDTH, BOX_HEIGHT = 136, 86
SERVED_TOP, SERVED_BOTTOM = 510, 578
MOST_BARS = 150
"""Epochs whose served requests are shown."""


class NetworkPicture(FramePicture):
    """Draws frames, each over the last."""

    def draw(self, frame: NetworkFrame) -> None:
        """Draw a frame."""
        self._canvas.clear()
        when = f"epoch {frame.epoch} of {frame.epochs}"
        draw_heading(self._canvas, f"{frame.environment}   {frame.scenario}", when, frame.counters)
        places = places_of(frame)
        draw_links(self._canvas, frame, places)
        for site, (x, y) in zip(frame.sites, places, strict=True):
            draw_site(self._canvas, frame, site, x, y)
        draw_served(self._canvas, frame)


MIDDLE = WIDTH / 2, (PLANE_TOP + PLANE_BOTTOM) / 2
REACH = WIDTH / 2 - MARGIN - BOX_WIDTH / 2, (PLANE_BOTTOM - PLANE_TOP - BOX_HEIGHT) / 2
"""Of the plane, how far from its middle the middle of a site can stand."""


def places_of(frame: NetworkFrame) -> list[tuple[float, float]]:
    """Where the middle of each site stands: cells as their stations do, north at the top, the cloud in the middle.

    Cells are around the middle in their order where the scenario does not say where stations stand, or where sites
    would lie on each other.
    """
    cells = sum(not site.is_cloud for site in frame.sites)
    cloud = [MIDDLE] * (len(frame.sites) - cells)
    if frame.stations_m:
        places = _to_scale(frame.stations_m) + cloud
        if not any(_overlap(place, other) for at, place in enumerate(places) for other in places[:at]):
            return places
    return _around(cells) + cloud


def _to_scale(stations_m: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Stations on the plane, as large as it holds them."""
    sides = list(zip(*stations_m, strict=True))
    middle = [(min(side) + max(side)) / 2 for side in sides]
    halves = [(max(side) - min(side)) / 2 for side in sides]
    scale = min((reach / half for reach, half in zip(REACH, halves, strict=True) if half > 0.0), default=0.0)
    return [
        (MIDDLE[0] + scale * (east_m - middle[0]), MIDDLE[1] - scale * (north_m - middle[1]))
        for east_m, north_m in stations_m
    ]


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < BOX_WIDTH and abs(one[1] - other[1]) < BOX_HEIGHT


def _around(cells: int) -> list[tuple[float, float]]:
    """Cells around the middle, in their order."""
    if cells == 1:
        return [MIDDLE]
    angles = [-math.pi / 2 + 2 * math.pi * cell / cells if cells > 2 else math.pi * (1 - cell) for cell in range(cells)]
    return [(MIDDLE[0] + REACH[0] * math.cos(angle), MIDDLE[1] + REACH[1] * math.sin(angle)) for angle in angles]


def draw_links(canvas: Canvas, frame: NetworkFrame, places: list[tuple[float, float]]) -> None:
    """The backhaul between all sites, and on it who was served away from their cell."""
    for at, (x, y) in enumerate(places):
        for to_x, to_y in places[at + 1 :]:
            canvas.line(x, y, to_x, to_y, FAINT)
    for flow in frame.flows:
        if flow.cell != flow.server:
            (x, y), (to_x, to_y) = places[flow.cell], places[flow.server]
            canvas.line(x, y, to_x, to_y, light(UPLINK, 0.3), min(12, 1 + flow.requests))
    for flow in frame.flows:
        if flow.cell != flow.server:
            (x, y), (to_x, to_y) = places[flow.cell], places[flow.server]
            # Nearer to where they go, so that those of the other way have a place of their own.
            at_x, at_y = x + 0.56 * (to_x - x), y + 0.56 * (to_y - y)
            canvas.box(at_x - 11, at_y - 9, 22, 18, (255, 255, 255), outline=UPLINK)
            canvas.text(f"{flow.requests}", at_x, at_y, 16, align="centre")


def draw_site(canvas: Canvas, frame: NetworkFrame, site: Site, x: float, y: float) -> None:
    """A cell with its node: how busy it is, what it holds, and who waits in the cell."""
    left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
    height = 40 if site.is_cloud else BOX_HEIGHT
    canvas.box(left, top, BOX_WIDTH, height, (255, 255, 255), outline=GREY)
    canvas.text(f"serves {site.served}", left + BOX_WIDTH - 6, top + 12, 16, align="right")
    canvas.text(site.name, left + 6, top + 12, 18, width=BOX_WIDTH - 72)
    if site.is_cloud:
        return
    canvas.box(left + 6, top + 23, BOX_WIDTH - 12, 6, FAINT)
    canvas.box(left + 6, top + 23, (BOX_WIDTH - 12) * min(1.0, site.utilisation), 6, COMPUTE)
    width = (BOX_WIDTH - 12) / max(1, len(site.modules))
    for at, module in enumerate(site.modules):
        draw_module(canvas, frame, module, left + 6 + at * width, top + 33, width - 2)
    canvas.text(f"+{site.arrived}", left + 6, top + 63, 16, GREY)
    wait_left, most = left + 34, BOX_WIDTH - 40
    total, shown = sum(site.waiting), 0.0
    for kind, count in enumerate(site.waiting):
        part = count / max(40, total) * most
        canvas.box(wait_left + shown, top + 57, part, 12, variant_colour(kind) if frame.classes else (140, 160, 185))
        shown += part
    canvas.text(f"{total} wait", left + BOX_WIDTH - 6, top + 77, 14, GREY, align="right")


def draw_module(canvas: Canvas, frame: NetworkFrame, module: Module, x: float, y: float, width: float) -> None:
    """What a module holds, light where it still loads."""
    if module.model < 0:
        canvas.box(x, y, width, 18, (255, 255, 255), outline=FAINT)
        return
    colour = variant_colour(module.model)
    done = 1.0 - module.left_s / module.load_s if module.left_s > 0.0 else 1.0
    canvas.box(x, y, width, 18, light(colour, 0.75))
    canvas.box(x, y, width * done, 18, colour)
    canvas.text(
        frame.models[module.model],
        x + 3,
        y + 9,
        14,
        ink_on(colour if done > 0.5 else light(colour, 0.75)),
        width=width - 6,
    )


def draw_served(canvas: Canvas, frame: NetworkFrame) -> None:
    """How many were served in each epoch, of how many that had arrived for it."""
    canvas.text("served in each epoch, and arrived before it", MARGIN, SERVED_TOP - 14, 16, GREY)
    most = max(1, *frame.served, *frame.arrived) if frame.served else 1
    width = (WIDTH - 2 * MARGIN) / max(1, min(MOST_BARS, max(frame.epochs, 1)))
    canvas.line(MARGIN, SERVED_BOTTOM, WIDTH - MARGIN, SERVED_BOTTOM, FAINT)
    last = frame.served[-MOST_BARS:], frame.arrived[-MOST_BARS:]
    for at, (served, arrived) in enumerate(zip(*last, strict=True)):
        x, scale = MARGIN + at * width, (SERVED_BOTTOM - SERVED_TOP) / most
        canvas.box(x, SERVED_BOTTOM - arrived * scale, max(1.0, width - 1), arrived * scale, FAINT)
        inset = 0.2 * width
        canvas.box(
            x + inset,
            SERVED_BOTTOM - served * scale,
            max(1.0, width - 1 - 2 * inset),
            served * scale,
            FATE_COLOURS[Fate.SERVED],
        )
