"""A first request, for nobody: kernels are compiled or loaded by it, and allocators warm, before anybody waits."""

from __future__ import annotations

from edge_llm_agents.machine.live.jobs import Job, Scheduler, wall_s

PATIENCE_S = 1e6

MOST_STEPS = 64
"""A policy may not want it."""


def warm(scheduler: Scheduler) -> None:
    """Let a scheduler serve a request of two tokens, and of two more."""
    job = Job([0, 0], 2, PATIENCE_S, 0.0, lambda event: None, arrival_s=wall_s())
    scheduler.add(job)
    for _ in range(MOST_STEPS):
        if not (scheduler.waiting or scheduler.running):
            return
        scheduler.step(wall_s())
    scheduler.remove(job)
