"""The scenario of a replay: one that is given, or one scaled to the machine."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from edge_llm_agents.machine.calibration.entries import write_engine
from edge_llm_agents.machine.calibration.folder import ENGINE, scenario_on
from edge_llm_env.inference.catalog import load_engine
from edge_llm_env.scenarios import Scenario

PROMPTS, OUTPUTS = (16, 32, 64), (8, 16, 32)
"""Tokens of the scenario that is scaled to the machine."""

ALONE_SHARE = 0.25
"""Of its epoch, what the longest request takes alone."""

MOST = 1e6
"""Of a margin, a load and seconds."""

TRANSFERS_SHARE = 0.05
"""Of its epoch, the uplink and the downlink each."""


def planned_on(folder: Path, into: Path, margin: float, scenario: str | None, seconds: float, load: float) -> Scenario:
    """A scenario on the calibrated machine, whose node plans with times that are longer by a margin (a share).

    Without a scenario, that of `carry-over` with short prompts and outputs, an epoch of four times what the longest
    request takes, deadlines of one to three epochs, and `load` times as many arrivals as fit into its window in the
    mean. Episodes are of that many seconds, in whole epochs. The engine that it plans with is written into `into`.

    Raises ValueError for a margin below 0, a load or seconds that are not positive, and any of them above MOST.
    """
    node: dict[str, Any] = {"node.engine": slower_engine(folder, into, margin, seconds, load)}
    if scenario is not None:
        given = scenario_on(folder, scenario, **node)
        return scenario_on(folder, scenario, **node, **_lasting(given.epoch.epoch_s, seconds))
    lengths = {"workload.prompt_tokens": list(PROMPTS), "workload.output_tokens": list(OUTPUTS)}
    cost = scenario_on(folder, "carry-over", **node, **lengths).batch_cost.compute_s
    epoch_s = cost.of_equals(1, PROMPTS[-1], OUTPUTS[-1]) / ALONE_SHARE
    transfers_s = TRANSFERS_SHARE * epoch_s
    window_s = epoch_s - 2.0 * transfers_s
    mean = sum(PROMPTS) / len(PROMPTS), sum(OUTPUTS) / len(OUTPUTS)
    fitting = (window_s - cost.base(PROMPTS[-1], OUTPUTS[-1])) / cost.marginal(*mean)
    scaled = {
        "epoch.epoch_s": epoch_s,
        "epoch.uplink_s": transfers_s,
        "epoch.downlink_s": transfers_s,
        "epoch.visible_slots": 64,
        "workload.arrivals": {"kind": "poisson", "rate_per_s": load * fitting / epoch_s},
        "workload.latency_requirement_s": {"low": epoch_s, "high": 3.0 * epoch_s},
    }
    return scenario_on(folder, "carry-over", **node, **lengths, **scaled, **_lasting(epoch_s, seconds))


def slower_engine(folder: Path, into: Path, margin: float, seconds: float, load: float) -> str:
    """Write the machine's engine, slower by a margin, into a folder; its path. Raises ValueError as `planned_on`."""
    for name, value, positive in (("margin", margin, False), ("load", load, True), ("seconds", seconds, True)):
        if value < 0.0 or (positive and value == 0.0) or value > MOST:
            least = "greater than" if positive else "at least"
            raise ValueError(f"{name} = {value:g}: must be {least} 0, and at most {MOST:g}")
    engine = load_engine(str((folder / ENGINE).absolute()))
    longer = {term: (1.0 + margin) * value for term, value in engine.factors}
    write_engine(into / ENGINE, f"{engine.name}-with-margin", longer, f"the machine, {100.0 * margin:g} % slower")
    return str((into / ENGINE).absolute())


def _lasting(epoch_s: float, seconds: float) -> dict[str, Any]:
    return {"epoch.episode_epochs": max(1, math.ceil(seconds / epoch_s))}
