from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygame
import pytest
from numpy.typing import NDArray

from edge_llm_env.rendering.drawing.canvas import Canvas
from edge_llm_env.rendering.drawing.picture import Picture
from edge_llm_env.rendering.frames.frame import Computation, Frame, Module, Score
from tests.edge_llm_env.rendering.frames import SMALL, frame, with_requests

LONG = "a-name-that-is-much-longer-than-anybody-would-want-it-to-be-" * 3
MANY_VARIANTS = tuple(Computation(LONG, i, 0.3 * i, 0.3 * i, 0.3 * i + 0.2, 1.9, 999) for i in range(9))
CROWDED = frame(
    environment=LONG,
    scenario=LONG,
    timeline=SMALL.timeline._replace(computations=MANY_VARIANTS),
    modules=tuple(Module(i % 9, i % 2 == 0) for i in range(200)),
    score=Score(tuple(range(0, 20000, 100)), tuple(range(0, 40000, 200)), LONG[:20]),
)


def drawn(shown: Frame) -> NDArray[np.uint8]:
    picture = Picture()
    picture.draw(shown)
    return picture.pixels()


def test_pixels_are_600_rows_of_800_and_may_be_overwritten():
    picture = Picture()
    picture.draw(SMALL)
    pixels = picture.pixels()
    assert pixels.shape == (600, 800, 3)
    assert pixels.dtype == np.uint8
    before = pixels.copy()
    pixels[:] = 7
    np.testing.assert_array_equal(picture.pixels(), before)


def test_equal_frames_are_equal_pixels_whatever_was_drawn_before():
    picture = Picture()
    picture.draw(with_requests(300))
    picture.draw(SMALL)
    np.testing.assert_array_equal(picture.pixels(), drawn(SMALL))


@pytest.mark.parametrize(
    "changed",
    [
        frame(environment="EdgeLLM/Joint-v0"),
        frame(epoch=4),
        frame(begins_s=8.0),
        frame(counters=SMALL.counters._replace(expired=2)),
        frame(timeline=SMALL.timeline._replace(uplink=SMALL.timeline.uplink._replace(band_used=0.5))),
        frame(timeline=SMALL.timeline._replace(computations=SMALL.timeline.computations[:1])),
        frame(requests=SMALL.requests[:2]),
        frame(requests=(SMALL.requests[0]._replace(slack_s=3.5), *SMALL.requests[1:])),
        frame(requests=(SMALL.requests[0]._replace(variant=1), *SMALL.requests[1:])),
        frame(beyond_visible=0),
        frame(usage=(SMALL.usage[0]._replace(fraction=0.25), *SMALL.usage[1:])),
        frame(modules=(Module(0, True), *SMALL.modules[1:])),
        frame(modules=(Module(None, False), *SMALL.modules[1:])),
        frame(score=SMALL.score._replace(served=(2, 4, 6))),
    ],
)
def test_what_differs_looks_different(changed: Frame):
    assert (drawn(changed) != drawn(SMALL)).any()


@pytest.mark.parametrize(
    "shown",
    [
        CROWDED,
        replace(CROWDED, requests=()),
        *[replace(CROWDED, requests=with_requests(count).requests, beyond_visible=10**6) for count in (16, 40, 4096)],
        *[with_requests(count) for count in (0, 1, 20, 21, 42, 43, 300)],
        frame(score=Score((), (), "exact")),
    ],
)
def test_margins_stay_empty_however_much_there_is_to_show(shown: Frame):
    pixels = drawn(shown)
    for margin in (pixels[:6], pixels[-4:], pixels[:, :12], pixels[:, -12:]):
        assert (margin == 255).all()
    between = pixels[200:, 536:544]  # requests at its left, the node at its right
    assert shown is CROWDED or shown.modules == CROWDED.modules or (between == 255).all()


def test_pictures_go_on_after_somebody_has_quit_pygame():
    """Gymnasium's HumanRendering does when it is closed."""
    picture = Picture()
    picture.draw(SMALL)
    before = picture.pixels()
    pygame.quit()
    picture.draw(SMALL)
    np.testing.assert_array_equal(picture.pixels(), before)
    picture.draw(CROWDED)


def test_text_is_shortened_to_its_width():
    canvas = Canvas(400, 20)
    assert canvas.shortened("short", 16, 200.0) == "short"
    shortened = canvas.shortened(LONG, 16, 200.0)
    assert shortened.endswith("…")
    assert 150.0 < canvas.text_width(shortened, 16) <= 200.0
    assert canvas.shortened(LONG, 16, 3.0) == ""
