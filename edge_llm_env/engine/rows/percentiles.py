"""Percentiles of an episode's times to the first token, per further token, and from end to end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.rows.calls import TaskEngineSimulation
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import COMPLETED, EngineState
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled_allocating

MEASURES = ("ttft_s", "tpot_s", "end_to_end_s")
"""From pressing enter to the first token at the user, of whoever has one; the mean time of further tokens, as computed,
of completed requests with any; from pressing enter to the last token at the user, of completed requests."""

PERCENTS = (50, 90, 99)


@compiled_allocating
def write_percentiles(
    params: EngineParams, state: EngineState, rows: NDArray[np.intp], found: NDArray[np.float64]
) -> None:
    """Write those of each row, (n, MEASURES, PERCENTS), by nearest rank; NaN where there is nobody to measure."""
    for at in range(len(rows)):
        row = rows[at]
        requests = state.requests[row]
        times = np.empty((3, requests))
        counts = np.zeros(3, dtype=np.int64)
        for request in range(requests):
            first_s, last_s = state.first_s[row, request], state.last_s[row, request]
            if first_s == math.inf:
                continue
            # What the first token's deadline leaves of its objective is the time of a token's download.
            allowed_s = params.class_ttft_s[state.service_class[row, request]]
            download_s = state.arrival_s[row, request] + allowed_s - state.first_due_s[row, request]
            times[0, counts[0]] = first_s + download_s - state.arrival_s[row, request]
            counts[0] += 1
            if state.status[row, request] != COMPLETED:
                continue
            further = state.output_tokens[row, request] - 1
            if further > 0:
                times[1, counts[1]] = (last_s - first_s) / further
                counts[1] += 1
            times[2, counts[2]] = last_s + download_s - state.arrival_s[row, request]
            counts[2] += 1
        for measure in range(3):
            count = counts[measure]
            ordered = np.sort(times[measure, :count])
            for percent in range(found.shape[2]):
                rank = (PERCENTS[percent] * count + 99) // 100
                found[at, measure, percent] = ordered[rank - 1] if count > 0 else math.nan


def percentiles_of(simulation: EngineSimulation, rows: NDArray[np.intp]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Percentiles by measure and as p50, p90, p99, each (n,), of the episodes that those rows have played so far."""
    found = np.empty((len(rows), len(MEASURES), len(PERCENTS)))
    direct(write_percentiles)(simulation.params, simulation.state, rows, found)
    return {
        measure: {f"p{percent}": found[:, at, of] for of, percent in enumerate(PERCENTS)}
        for at, measure in enumerate(MEASURES)
    }


def at_the_end(simulation: EngineSimulation, rows: NDArray[np.intp]) -> dict[str, Any]:
    """What `info` tells of rows whose episodes have ended."""
    return {"percentiles": percentiles_of(simulation, rows)}


def task_percentiles(simulation: TaskEngineSimulation, rows: NDArray[np.intp]) -> dict[str, Any]:
    """What `info` tells of rows of tasks: `task_s`, from a task's arrival to its last token at the user, of completed
    ones.
    """
    state, found = simulation.state, np.full((len(rows), len(PERCENTS)), math.nan)
    for at, row in enumerate(rows.tolist()):
        requests = int(state.requests[row])
        first = np.flatnonzero(state.task_first[row, :requests] == np.arange(requests))
        completed = first[state.calls_served[row, first] == state.task_calls[row, first]]
        if not len(completed):
            continue
        ends_s = np.maximum.reduceat(state.last_s[row, :requests] + state.download_s[row, :requests], first)
        took_s = np.sort(ends_s[np.isin(first, completed)] - state.arrival_s[row, completed])
        found[at] = [took_s[math.ceil(percent * len(took_s) / 100) - 1] for percent in PERCENTS]
    return {"percentiles": {"task_s": {f"p{percent}": found[:, of] for of, percent in enumerate(PERCENTS)}}}
