"""A rack's frame as text."""

from __future__ import annotations

from edge_llm_env.envs.scaling.viewer.frame import RackFrame
from edge_llm_env.rendering.text import bar

LEVELS = " .:-=+*#%@"
"""Of a count, from none to the largest."""


def as_text(frame: RackFrame) -> str:
    """The frame as lines, without a newline at the end."""
    lines = [
        f"{frame.environment}, {frame.scenario}: epoch {frame.epoch} of {frame.episode_epochs}",
        ", ".join(f"{name} {count}" for name, count in frame.counters) + f", {frame.energy_j / 1000:.1f} kJ",
        "",
        *(module_line(number, starts_s, frame.start_s) for number, starts_s in enumerate(frame.starts_s)),
        "",
        f"waiting {frame.waiting}, a module serves {frame.requests_per_module:g} in an epoch",
    ]
    if frame.modules_per_group is not None:
        lines.append(f"modules in groups of {frame.modules_per_group}")
    if frame.past:
        last = frame.past[-1]
        lines.append(
            f"last epoch: load of {last.arrived:.2f} modules, {last.served:.2f} served, {last.expired:.2f} expired"
        )
    lines += [
        f"feeder {number} [{''.join(LEVELS[min(9, int(10 * count))] for count in counts)}]"
        for number, counts in enumerate(frame.counted)
    ]
    return "\n".join(line.rstrip() for line in lines)


def module_line(number: int, starts_s: float, start_s: float) -> str:
    """What a module does."""
    if starts_s < 0:
        return f"module {number} off"
    if starts_s == 0:
        return f"module {number} on"
    return f"module {number} starts {bar(1.0 - starts_s / start_s)} {starts_s:.0f} s"
