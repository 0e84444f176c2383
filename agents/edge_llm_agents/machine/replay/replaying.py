"""Replaying policies' schedules on a machine, cell by cell, so that a run can be interrupted and go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.replay.batches import Runs, run_schedule
from edge_llm_agents.machine.replay.comparing import cell
from edge_llm_agents.machine.replay.record import cell_name, read_cells, write_cells
from edge_llm_agents.machine.replay.schedule import Schedule, scheduled
from edge_llm_agents.machine.replay.tracing import write_trace
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import draw_workloads


def replay(
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
    schedules: dict[tuple[str, int], Schedule] = {}
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
            schedules[policy, episode] = scheduled(scenario, policy, workloads[episode], seed)
        schedule = schedules[policy, episode]
        computed = run_schedule(schedule, decoder, clock)
        cells[name] = cell(schedule, computed, machine.batch_cost.compute_s, machine.iteration_costs.compute_s)
        if trace_out is not None:
            write_trace(trace_out, computed, policy=policy, scenario=scenario.name)
            trace_out = None
        write_cells(file, settings, calibration, cells)
    report(len(wanted), len(wanted), "")
    return write_cells(file, settings, calibration, cells)
