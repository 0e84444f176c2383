"""Replaying policies' schedules on a machine, cell by cell, so that a run can be interrupted and go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.replay.record import cell_name, read_cells, write_cells
from edge_llm_agents.machine.slots.sequences import Runs
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import draw_workloads
from edge_llm_env.workload.workload import Workload


class Kind(NamedTuple):
    """How one kind of decisions is replayed: those of batches, or those of iterations."""

    plan: Callable[[Scenario, str, Workload, int], Any]
    """What a policy, by its name, decides on a workload in the simulator; a seed for what it draws."""
    run: Callable[[Any, Runs, Clock], Any]
    """The same on a decoder."""
    cell: Callable[[Any, Any, Scenario], dict[str, Any]]
    """What was planned and what was done, as a record has them, with times predicted by the machine as calibrated."""
    trace: Callable[[Path, Any, Any, dict[str, str]], int]
    """Write what was planned and done as trace events, with what they are of."""


def replay(
    kind: Kind,
    scenario: Scenario,
    machine: Scenario,
    policies: Sequence[str],
    decoder: Runs,
    clock: Clock,
    *,
    episodes: int,
    repetitions: int,
    seed: int,
    file: Path,
    settings: dict[str, Any],
    calibration: dict[str, Any],
    trace_out: Path | None = None,
    report: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> dict[str, Any]:
    """Play every policy on every workload, as `scenario` plans it, and on the decoder, which `machine` predicts.

    Cells that the file has of a run with the same settings are kept; it is written after each, with how far off
    the calibration was. The record. A trace is
    written of the first cell that is run. Raises ValueError for a policy that there is not, or no episode.
    """
    if repetitions < 1:
        raise ValueError(f"repetitions = {repetitions}: must be at least 1")
    workloads = draw_workloads(scenario, episodes, seed)
    cells = read_cells(file, settings)
    schedules: dict[tuple[str, int], Any] = {}
    wanted = [
        (policy, episode, repetition)
        for repetition in range(repetitions)
        for episode in range(episodes)
        for policy in policies
    ]
    for done, (policy, episode, repetition) in enumerate(wanted):
        name = cell_name(policy, episode, repetition)
        report(done, len(wanted), name)
        if name in cells:
            continue
        if (policy, episode) not in schedules:
            schedules[policy, episode] = kind.plan(scenario, policy, workloads[episode], seed)
        schedule = schedules[policy, episode]
        computed = kind.run(schedule, decoder, clock)
        cells[name] = kind.cell(schedule, computed, machine)
        if trace_out is not None:
            kind.trace(trace_out, schedule, computed, {"policy": policy, "scenario": scenario.name})
            trace_out = None
        write_cells(file, settings, calibration, cells)
    report(len(wanted), len(wanted), "")
    return write_cells(file, settings, calibration, cells)
