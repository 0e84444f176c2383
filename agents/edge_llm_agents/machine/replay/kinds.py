"""Both kinds of decisions that can be replayed: batches of epochs, and iterations."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_llm_agents.machine.replay import batches, comparing, iterations, schedule, tracing
from edge_llm_agents.machine.replay.iterations import Iterations, Taken
from edge_llm_agents.machine.replay.replaying import Kind
from edge_llm_env.scenarios import Scenario


def iterations_cell(planned: Iterations, taken: Taken, machine: Scenario) -> dict[str, Any]:
    """Counts, times of stretches between decisions, predicted and measured, TTFT from arrival, and TPOT."""
    cost = machine.iteration_costs.compute_s
    predicted = [float(sum(one.predicted_s(cost) for one in stretch.passes)) for stretch in planned.stretches]
    measured = [float(sum(ended_s - began_s for began_s, ended_s in passes)) for passes in taken.passes_s]
    mixed = [any(one.chunks for one in stretch.passes) for stretch in planned.stretches]
    further_s = {one: taken.last_s[one] - taken.first_s[one] for one in planned.completed}
    more = {one: int(planned.output_tokens[one]) - 1 for one in planned.completed}
    on_time = [
        taken.first_s[one] <= planned.due_s[one] and further_s[one] <= more[one] * planned.tpot_s[one]
        for one in planned.completed
    ]
    ttft_s = [first_s - float(planned.arrival_s[one]) for one, first_s in taken.first_s.items()]
    cell: dict[str, Any] = {
        "arrived": planned.arrived,
        "scheduled": planned.served,
        "on_time": int(sum(on_time)),
        "completed": len(planned.completed),
        "passes": sum(len(one.passes) for one in planned.stretches),
        "ttft_s": float(np.mean(ttft_s or [0.0])),
        "tpot_s": float(np.mean([further_s[one] / more[one] for one in planned.completed if more[one]] or [0.0])),
    }
    for how, times_s in (("predicted", predicted), ("measured", measured)):
        cell[f"stretch_{how}_s"] = times_s
        cell[f"mixed_{how}_s"] = [one for one, has in zip(times_s, mixed, strict=True) if has]
        cell[f"decode_{how}_s"] = [one for one, has in zip(times_s, mixed, strict=True) if not has]
    return cell


EPOCHS = Kind(
    schedule.scheduled,
    batches.run_schedule,
    lambda planned, computed, machine: comparing.cell(
        planned, computed, machine.batch_cost.compute_s, machine.iteration_costs.compute_s
    ),
    lambda file, planned, computed, about: tracing.write_trace(file, computed, **about),
)

ITERATIONS = Kind(iterations.scheduled, iterations.run_iterations, iterations_cell, tracing.write_iterations)
