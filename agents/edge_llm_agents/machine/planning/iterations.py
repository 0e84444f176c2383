"""The scenario of an engine that schedules iterations: one that is given, or one scaled to the machine."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from edge_llm_agents.machine.calibration.folder import read_calibrated, scenario_on
from edge_llm_agents.machine.planning.epochs import OUTPUTS, PROMPTS, TRANSFERS_SHARE, slower_engine
from edge_llm_env.scenarios import Scenario

BASE = "chat-orin"
"""Preset of which the scaled scenario is a variant."""

SLOTS = 16
"""Most sequences of the scaled scenario, if the machine was calibrated with as many."""

PACE, RELAXED_PACE = 1.25, 3.0
"""Time per token that the two classes accept, in passes of all slots."""

FIRST, RELAXED_FIRST = 8.0, 60.0
"""Time to the first token that they accept, likewise: the impatient have time for a few passes with prompts."""


def iterations_on(
    folder: Path, into: Path, margin: float, scenario: str | None, seconds: float, load: float
) -> Scenario:
    """A scenario on the calibrated machine, whose scheduler is told times that are longer by a margin (a share).

    Without a scenario, the chats of a preset with short prompts and outputs and as many slots as were calibrated, two
    classes whose objectives are multiples of what a pass of all slots takes, and `load` times as many arrivals as
    full slots get done. Episodes are of that many seconds. The engine is written into `into`.

    Raises ValueError as `planned_on`.
    """
    node = {"node.engine": slower_engine(folder, into, margin, seconds, load)}
    epoch_s = seconds / 10.0  # an engine of iterations has no epochs: they only count its time
    lasting = {
        "epoch.epoch_s": epoch_s,
        "epoch.episode_epochs": 10,
        "epoch.uplink_s": TRANSFERS_SHARE * epoch_s,
        "epoch.downlink_s": TRANSFERS_SHARE * epoch_s,
    }
    if scenario is not None:
        return scenario_on(folder, scenario, **node, **lasting)
    slots = min(SLOTS, read_calibrated(folder).batch)
    lengths: dict[str, Any] = {
        "workload.prompt_tokens": list(PROMPTS),
        "workload.output_tokens": list(OUTPUTS),
        "iterations.running_slots": slots,
        "iterations.prefill_budgets": list(PROMPTS),
    }
    cost = scenario_on(folder, BASE, **node, **lengths).iteration_costs.compute_s
    prompt, output = sum(PROMPTS) / len(PROMPTS), sum(OUTPUTS) / len(OUTPUTS)
    pass_s = cost.of_pass(contexts=[math.ceil(prompt + output / 2.0)] * slots)
    alone_s = cost.of_pass(chunks=[(math.ceil(prompt), 0, True)])
    patience_s = (FIRST + PACE * OUTPUTS[-1]) * pass_s
    classes = [
        {
            "name": "interactive",
            "latency_requirement_up_to_s": patience_s,
            "ttft_s": FIRST * pass_s,
            "tpot_s": PACE * pass_s,
        },
        {"name": "relaxed", "ttft_s": RELAXED_FIRST * pass_s, "tpot_s": RELAXED_PACE * pass_s},
    ]
    scaled = {
        "epoch.visible_slots": 24,
        "workload.arrivals": {"kind": "poisson", "rate_per_s": load / (alone_s + output * pass_s / slots)},
        "workload.latency_requirement_s": {"low": 0.5 * patience_s, "high": 1.5 * patience_s},
        "iterations.classes": classes,
    }
    return scenario_on(folder, BASE, **node, **lengths, **scaled, **lasting)
