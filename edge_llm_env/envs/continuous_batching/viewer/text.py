"""An engine's frame as text."""

from __future__ import annotations

import math

from edge_llm_env.envs.continuous_batching.viewer.frame import EngineFrame, Lane, Waiting
from edge_llm_env.rendering.text import bar, task_lines

LANE_WIDTH = 60
"""Characters of the time that is shown."""


def as_text(frame: EngineFrame) -> str:
    """The frame as lines, without a newline at the end."""
    lines = [
        f"{frame.environment}, {frame.scenario}: {frame.now_s:.3f} of {frame.end_s:g} s",
        ", ".join(f"{name} {count}" for name, count in frame.counters),
        "",
        f"memory {bar(1 - frame.free_blocks / frame.blocks)} {frame.free_blocks} of {frame.blocks} blocks free",
        f"last iteration {1000 * frame.iteration_s:.1f} ms, {frame.iteration_tokens} tokens",
        "",
        f"running batch, the last {frame.window_s:g} s (p prompt, d decodes, ! late):",
        *(lane_line(lane, frame) for lane in frame.lanes),
        "",
        f"waiting: {len(frame.waiting)}" + (f", and {frame.beyond_visible} beyond" if frame.beyond_visible else ""),
        *(waiting_line(one, frame) for one in frame.waiting),
    ]
    if frame.strips:
        lines += ["", *task_lines(frame.strips, frame.now_s)]
    return "\n".join(line.rstrip() for line in lines)


def lane_line(lane: Lane, frame: EngineFrame) -> str:
    """When a request was in the running batch."""
    left_s = frame.now_s - frame.window_s

    def mark(column: int) -> str:
        at_s = left_s + (column + 0.5) * frame.window_s / LANE_WIDTH
        if not lane.begins_s <= at_s <= lane.ends_s:
            return "."
        return "p" if at_s < lane.first_token_s or lane.first_token_s == math.inf else "d"

    scale = "".join(mark(column) for column in range(LANE_WIDTH))
    return f"{lane.request:5} [{scale}] {frame.class_names[lane.service_class]}{' !' if lane.is_late else ''}"


def waiting_line(one: Waiting, frame: EngineFrame) -> str:
    """A request that waits."""
    told = f"{one.told_tokens:5}" if one.told_tokens else "    ?"
    slack = bar(one.slack_s / frame.longest_slack_s)
    late = " !" if one.is_late else ""
    return (
        f"{one.request:5}  {one.prompt_tokens:6} + {told} tokens  {one.slack_s:8.3f} s {slack} {one.class_name}{late}"
    )
