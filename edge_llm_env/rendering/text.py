"""A frame as text."""

from __future__ import annotations

from collections.abc import Sequence

from edge_llm_env.rendering.frames.frame import Computation, Frame, Part, PendingRequest, Strip, Timeline

TIMELINE_WIDTH = 60
"""Characters of an epoch."""
BAR_WIDTH = 20
"""Characters of a whole capacity, and of the longest slack."""


def as_text(frame: Frame) -> str:
    """The frame as lines, without a newline at the end."""
    timeline = frame.timeline
    ends_s = frame.begins_s + timeline.epoch_s
    when = f"epoch {frame.epoch} of {frame.epochs}, {frame.begins_s:g} to {ends_s:g} s"
    counted = ", ".join(f"{name} {count}" for name, count in frame.counters._asdict().items())
    lines = [f"{frame.environment}, {frame.scenario}: {when}", counted, "", *timeline_lines(timeline), ""]
    beyond = f", and {frame.beyond_visible} beyond the visible" if frame.beyond_visible else ""
    lines.append(f"pending at {frame.begins_s:g} s: {len(frame.requests)}{beyond}")
    if frame.requests:
        lines.append("request  prompt  output  alone s  slack s")
        lines += [request_line(one, frame) for one in sorted(frame.requests, key=lambda one: one.slack_s)]
    if frame.strips:
        lines += ["", *task_lines(frame.strips, frame.begins_s)]
    lines += ["", *(f"{used.name:8} {bar(used.fraction)} {used.fraction:6.1%}  {used.amount}" for used in frame.usage)]
    if frame.modules:
        lines += ["", "modules " + " ".join(module_mark(one.variant, one.is_loading) for one in frame.modules)]
        lines += [f"      {module_mark(index, False)} {name}" for index, name in enumerate(frame.variants)]
    score = frame.score
    if score.served:
        served, other = score.served[-1], score.reference[-1]
        counted = f"{served}, {score.reference_name} {other}, difference {served - other:+d}"
        lines += ["", f"served after {len(score.served)} epochs: {counted}"]
    return "\n".join(line.rstrip() for line in lines)


def timeline_lines(timeline: Timeline) -> list[str]:
    """One line for each transfer and computation, on the scale of the epoch."""
    named = max(len(one.name) for one in timeline.computations)
    lines = [part_line("uplink", timeline.uplink, timeline, named)]
    lines += [computation_line(one, timeline, named) for one in timeline.computations]
    return [*lines, part_line("downlink", timeline.downlink, timeline, named)]


def part_line(name: str, part: Part, timeline: Timeline, named: int) -> str:
    """When a band is used."""
    scale = on_scale([(part.begins_s, part.ends_s, "=" if part.band_used > 0.0 else "-")], timeline.epoch_s)
    return f"{name.ljust(max(named, 8))} [{scale}] {part.band_used:.1%} of the band"


def computation_line(one: Computation, timeline: Timeline, named: int) -> str:
    """When weights are loaded (`~`) and a batch is computed (`#`)."""
    spans = [(0.0, one.loads_until_s, "~"), (one.begins_s, one.ends_s, "#")]
    line = f"{one.name.ljust(max(named, 8))} [{on_scale(spans, timeline.epoch_s)}] {requests(one.requests)}"
    if one.deadline_s is not None:
        line += f", {one.ends_s - one.begins_s:.3f} s, to end by {one.deadline_s:.3f} s"
    return line


def on_scale(spans: list[tuple[float, float, str]], epoch_s: float) -> str:
    """Spans of time (begin, end, mark) on the scale of the epoch; any span that lasts has at least one mark."""
    scale = ["."] * TIMELINE_WIDTH
    for begins_s, ends_s, mark in spans:
        if ends_s > begins_s:
            first = min(int(begins_s / epoch_s * TIMELINE_WIDTH), TIMELINE_WIDTH - 1)
            last = min(max(first + 1, round(ends_s / epoch_s * TIMELINE_WIDTH)), TIMELINE_WIDTH)
            scale[first:last] = mark * (last - first)
    return "".join(scale)


def request_line(one: PendingRequest, frame: Frame) -> str:
    """A row of the table of pending requests."""
    by = f" by {frame.variants[one.variant]}" if one.variant is not None else ""
    numbers = f"{one.request:7}  {one.prompt_tokens:6}  {one.output_tokens:6}  {one.compute_s:7.3f}  {one.slack_s:7.3f}"
    sent = f", {one.sent:.0%} sent" if one.sent is not None else ""
    shorter = f", prompt to 1/{one.compression:g}" if one.compression != 1.0 else ""
    return f"{numbers}  {bar(one.slack_s / frame.longest_slack_s)}  {one.fate}{by}{shorter}{sent}"


def task_lines(strips: Sequence[Strip], now_s: float) -> list[str]:
    """Agent tasks, and what the marks of their calls mean."""
    heading = "tasks, the one that must end first on top: # answered, ~ its tool runs, . to come"
    return [heading, *(task_line(one, now_s) for one in strips)]


def task_line(one: Strip, now_s: float) -> str:
    """A task's calls, and until when its last must be answered."""
    answered = len(one.answered_s)
    runs = any(begins_s <= now_s < ends_s for begins_s, ends_s in one.tools_s)
    marks = "#" * answered + ("~" if runs else "") + "." * (one.calls - answered)
    said = ", ".join([*("runs" for _ in one.running_s), *one.fates])
    counted = f"{answered} of {one.calls} calls, to end by {one.deadline_s:.1f} s"
    return f"{one.kind} {one.task:4}  {counted}  {marks}  {said}"


def bar(fraction: float) -> str:
    """A bar of a fraction, full beyond 1."""
    marks = round(min(max(fraction, 0.0), 1.0) * BAR_WIDTH)
    return f"[{'#' * marks}{' ' * (BAR_WIDTH - marks)}]"


def module_mark(variant: int | None, is_loading: bool) -> str:
    """A letter for a variant, small while it loads; a dot for an idle module."""
    if variant is None:
        return "."
    letter = chr(ord("A") + variant % 26)
    return letter.lower() if is_loading else letter


def requests(count: int) -> str:
    """So many requests."""
    return f"{count} request" if count == 1 else f"{count} requests"
