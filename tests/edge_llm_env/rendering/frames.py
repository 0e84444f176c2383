"""A frame written by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edge_llm_env.rendering.frames.frame import (
    Computation,
    Counters,
    Fate,
    Frame,
    Module,
    Part,
    PendingRequest,
    Score,
    Strip,
    Timeline,
    Usage,
)

STRIPS = (
    Strip(3, "chain", 5, 1.0, 12.0, ((2.0, 4.0), (6.0, 8.0)), ((4.0, 5.5),), (Fate.SERVED,)),
    Strip(4, "plan", 4, 2.5, 20.0, ((2.0, 4.0),), ((4.0, 9.0),), ()),
    Strip(5, "chain", 2, 5.0, 40.0, (), (), (Fate.WAITS,)),
)
"""In the epoch from 6 to 8 s: one that is served, one whose tool runs, one that waits."""

SMALL = Frame(
    environment="EdgeLLM/Compute-v0",
    scenario="by-hand",
    epoch=3,
    epochs=50,
    begins_s=6.0,
    counters=Counters(arrived=9, served=5, expired=1, rejected=0, pending=3),
    timeline=Timeline(
        epoch_s=2.0,
        uplink=Part(0.0, 0.2, 0.125),
        computations=(
            Computation("small", 0, 0.0, 0.2, 1.0, 1.2, 2),
            Computation("large", 1, 0.5, 0.5, 0.5, None, 0),
        ),
        downlink=Part(1.8, 2.0, 0.0),
    ),
    requests=(
        PendingRequest(4, 128, 256, 3.0, 0.4, Fate.SERVED, 0),
        PendingRequest(6, 512, 128, 1.0, 0.4, Fate.SERVED, 0),
        PendingRequest(7, 128, 128, 2.0, 0.25, Fate.WAITS, None),
    ),
    beyond_visible=2,
    longest_slack_s=4.0,
    usage=(
        Usage("uplink", 0.125, ""),
        Usage("downlink", 0.0, ""),
        Usage("memory", 0.5, "8 of 16 GB"),
        Usage("compute", 1.0, "1.6 of 1.6 s"),
    ),
    variants=("small", "large"),
    modules=(Module(0, False), Module(1, True), Module(None, False)),
    score=Score((2, 3, 5), (2, 4, 6), "exact"),
)


def frame(**changes: Any) -> Frame:
    """The small one with changes."""
    return replace(SMALL, **changes)


def with_requests(count: int) -> Frame:
    """The small one with that many pending requests, of all fates."""
    fates = list(Fate)
    return frame(
        requests=tuple(
            PendingRequest(10**6 + i, 2**20, 2**20, 0.1 * i, 0.05 * i, fates[i % len(fates)], i % 2)
            for i in range(count)
        )
    )
