"""How fast the oracle decodes values: of many rows at random ones, and of one row at values proportional to a cost."""

from __future__ import annotations

import statistics
import time
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.oracle_decoding import OracleDecoding, VectorOracleDecoding
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from experiments.speed.turns import spread

SLOTS = 64
"""Visible requests per row."""

RATE_PER_S = 40.0
"""Arrivals that keep all of those slots full on `carry-over`, requests/s."""

ROWS = 256
"""Rows that are decoded at once."""

EPOCHS = 50
"""Epochs that one row is decoded in."""

COSTS = ("compute_s", "uplink_share", "downlink_share", "memory_bytes")
"""What values are proportional to: the hardest of them, as no request is better than another by what it costs."""


def oracle_decoding(scenario: str, seconds: float, repeats: int) -> dict[str, Any]:
    """Epochs per second of many rows, and milliseconds of processor time for one row."""
    full = load_scenario(scenario, **{"workload.arrivals.rate_per_s": RATE_PER_S, "epoch.visible_slots": SLOTS})
    measured = [steps_per_s(full, seconds) for _ in range(repeats)]
    return {
        "rows": ROWS,
        "visible": statistics.mean(visible for _, visible in measured),
        "steps_per_s": spread([speed for speed, _ in measured]),
        "proportional_ms": {cost: proportional_ms(full, cost) for cost in COSTS},
    }


def steps_per_s(scenario: Scenario, seconds: float) -> tuple[float, float]:
    """Epoch steps per second of `VectorOracleDecoding` at random values and a full queue, and the mean queue."""
    env = VectorOracleDecoding(
        gym.make_vec(BATCH_SELECTION, num_envs=ROWS, vectorization_mode="vector_entry_point", scenario=scenario)
    )
    simulation: Simulation = env.unwrapped.simulation  # type: ignore[attr-defined]
    values = np.random.default_rng(0).random((20, ROWS, SLOTS), dtype=np.float32)
    env.reset(seed=0)
    for step in range(5):
        env.step(values[step])
    steps, seen = 0, 0
    started_s = time.perf_counter()
    while (elapsed_s := time.perf_counter() - started_s) < seconds or steps == 0:
        seen += int(simulation.state.visible.sum())
        env.step(values[steps % len(values)])
        steps += 1
    return steps * ROWS / elapsed_s, seen / (steps * ROWS)


def proportional_ms(scenario: Scenario, cost: str) -> dict[str, float]:
    """Processor time of `OracleDecoding` at values proportional to a cost: median and most of `EPOCHS` epochs (ms)."""
    batches = gym.make(BATCH_SELECTION, scenario=scenario)
    env = OracleDecoding(batches)
    simulation: Simulation = env.unwrapped.simulation  # type: ignore[attr-defined]
    env.reset(seed=0)
    env.action(proportional(simulation, cost))  # which loads the kernels
    taken_ms = []
    for _ in range(EPOCHS):
        values = proportional(simulation, cost)
        begun_s = time.process_time()
        batch = env.action(values)
        taken_ms.append(1e3 * (time.process_time() - begun_s))
        *_, truncated, _ = batches.step(batch)
        if truncated:
            env.reset()
    return {"median": round(statistics.median(taken_ms), 3), "most": round(max(taken_ms), 3)}


def proportional(simulation: Simulation, cost: str) -> NDArray[np.float32]:
    """Values of the visible requests of a row, (Q,): what each takes, as a part of the most."""
    costs = getattr(simulation.state, f"slot_{cost}")[0].astype(np.float32)
    costs[int(simulation.state.visible[0]) :] = 0.0
    bounded = np.where(np.isfinite(costs), costs, np.float32(0.0))
    return (bounded / max(float(bounded.max()), 1e-30)).astype(np.float32)
