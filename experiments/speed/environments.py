"""How fast the environments are: steps per second, alone and with the oracle in the loop, import time, compilation."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import gymnasium as gym
import numpy as np

from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.suite import BANDWIDTH, BATCH_SELECTION, BATCHING, COMPUTE, JOINT
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.sections.batch_selections import BATCH_SELECTIONS
from experiments.speed.iterations import (
    SCHEDULER,
    scheduled_single_turn,
    scheduled_vector_turn,
    simulated_tokens_per_s,
)
from experiments.speed.step_profile import step_profile
from experiments.speed.turns import (
    Turn,
    cartpole_single_turn,
    cartpole_vector_turn,
    single_turn,
    steps_per_s,
    vector_turn,
)

DECODING_SLOTS = 64
"""Visible requests per row when oracle decoding is timed."""

DECODING_RATE_PER_S = 40.0
"""Arrivals that keep all of those slots full on `carry-over`, requests/s."""

DECODING_ROWS = 256
"""Rows when oracle decoding is timed."""

ALLOCATION_ROWS = 256
"""Rows, at most, when allocations are timed: `Bandwidth-v0` with shares and each way to select the batch, of which only
`exact` has a solver in the loop, and the environments as they are, with their phases.
"""

ENGINE_SCENARIO = "chat-4090"
"""Preset on which an engine is timed under a scheduler."""

PROFILED_STEPS = 500
"""Vector steps of the profile of `Batching-v0`, and as many before them."""

PROFILED_EPOCHS = 150
"""Likewise of environments whose step is an epoch."""


def benchmark(scenario: str, *, rows: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Every measurement; of speeds the median of `repeats`, each of `seconds`, with the least and the most."""
    allocation_rows = min(rows, ALLOCATION_ROWS)
    return {
        "scenario": scenario,
        "rows": rows,
        "import_seconds": import_seconds(),
        "first_use_seconds": first_use_seconds(),
        "steps_per_s": {
            env_id: {
                "vector": _beside(vector_turn(env_id, scenario, rows), cartpole_vector_turn(rows), seconds, repeats),
                "single": _beside(single_turn(env_id, scenario), cartpole_single_turn(), seconds, repeats),
            }
            for env_id in ENVIRONMENTS
        },
        "step_profile": step_profile(BATCHING, scenario, rows, PROFILED_STEPS),
        "allocations": {
            "rows": allocation_rows,
            **{
                env_id: _allocations(env_id, scenario, allocation_rows, seconds, repeats)
                for env_id in (BANDWIDTH, COMPUTE, JOINT)
            },
            # Beside the profile above, what the exact search takes, but for what other batches leave to later epochs.
            "compute_without_search": step_profile(
                COMPUTE,
                load_scenario(scenario, **{"node.batch_selection": "first_come_first_served"}),
                allocation_rows,
                PROFILED_EPOCHS,
            ),
        },
        "iterations": _iterations(rows, seconds, repeats),
        "oracle_decoding": _oracle_decoding(scenario, seconds, repeats),
        "bandwidth_by_batch_selection": {
            "rows": ALLOCATION_ROWS,
            "steps_per_s": {
                selection: _spread(_bandwidth_speeds(scenario, selection, seconds, repeats))
                for selection in BATCH_SELECTIONS
            },
        },
    }


def _beside(mine: Turn, cartpole: Turn, seconds: float, repeats: int) -> dict[str, Any]:
    """Steps per second, CartPole's beside them in the same time, and the ratio of the two."""
    measured = [steps_per_s([mine, cartpole], seconds) for _ in range(repeats)]
    ratios = [own / theirs for own, theirs in measured]
    return _spread([own for own, _ in measured]) | {
        "cartpole": _spread([theirs for _, theirs in measured]),
        "ratio_to_cartpole": {
            "median": round(statistics.median(ratios), 3),
            "least": round(min(ratios), 3),
            "most": round(max(ratios), 3),
        },
    }


def _allocations(env_id: str, scenario: str, rows: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Speed and phases of an environment whose step is an epoch."""
    return {
        "vector": _beside(vector_turn(env_id, scenario, rows), cartpole_vector_turn(rows), seconds, repeats),
        "step_profile": step_profile(env_id, scenario, rows, PROFILED_EPOCHS),
    }


def _iterations(rows: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Decisions per second under a scheduler, and tokens per second of the episodes that it plays."""
    scenario = load_scenario(ENGINE_SCENARIO)
    tokens = [simulated_tokens_per_s(scenario, rows) for _ in range(repeats)]
    return {
        "scenario": ENGINE_SCENARIO,
        "scheduler": SCHEDULER,
        "vector": _beside(scheduled_vector_turn(scenario, rows), cartpole_vector_turn(rows), seconds, repeats),
        "single": _beside(scheduled_single_turn(scenario), cartpole_single_turn(), seconds, repeats),
        "simulated_tokens_per_s": _spread(tokens),
    }


def _bandwidth_speeds(scenario: str, selection: str, seconds: float, repeats: int) -> list[float]:
    changed = load_scenario(scenario, **{"node.batch_selection": selection})
    turn = vector_turn("EdgeLLM/Bandwidth-v0", changed, ALLOCATION_ROWS, action="shares")
    return [steps_per_s([turn], seconds)[0] for _ in range(repeats)]


def _oracle_decoding(scenario: str, seconds: float, repeats: int) -> dict[str, Any]:
    measured = [oracle_decoding_steps_per_s(scenario, seconds) for _ in range(repeats)]
    return {
        "rows": DECODING_ROWS,
        "visible": statistics.mean(visible for _, visible in measured),
        "steps_per_s": _spread([speed for speed, _ in measured]),
    }


def _spread(values: list[float]) -> dict[str, int]:
    return {"median": round(statistics.median(values)), "least": round(min(values)), "most": round(max(values))}


def oracle_decoding_steps_per_s(scenario: str, seconds: float) -> tuple[float, float]:
    """Epoch steps per second of `VectorOracleDecoding` at random values and a full queue, and the mean queue."""
    overrides = {"workload.arrivals.rate_per_s": DECODING_RATE_PER_S, "epoch.visible_slots": DECODING_SLOTS}
    env = VectorOracleDecoding(
        gym.make_vec(
            BATCH_SELECTION,
            num_envs=DECODING_ROWS,
            vectorization_mode="vector_entry_point",
            scenario=load_scenario(scenario, **overrides),
        )
    )
    simulation: Simulation = env.unwrapped.simulation  # type: ignore[attr-defined]
    values = np.random.default_rng(0).random((20, DECODING_ROWS, DECODING_SLOTS), dtype=np.float32)
    env.reset(seed=0)
    for step in range(5):
        env.step(values[step])
    steps, seen = 0, 0
    started_s = time.perf_counter()
    while (elapsed_s := time.perf_counter() - started_s) < seconds or steps == 0:
        seen += int(simulation.state.visible.sum())
        env.step(values[steps % len(values)])
        steps += 1
    return steps * DECODING_ROWS / elapsed_s, seen / (steps * DECODING_ROWS)


_IMPORT = """
import json, time
started = time.perf_counter()
import gymnasium
between = time.perf_counter()
import edge_llm_env
print(json.dumps([between - started, time.perf_counter() - between]))
"""

_FIRST_USE = """
import json, time
import edge_llm_env, gymnasium, numpy
started = time.perf_counter()
env = gymnasium.make("EdgeLLM/Batching-v0")
env.reset(seed=0)
env.step(numpy.int64(0))
single = time.perf_counter()
env = gymnasium.make_vec("EdgeLLM/Batching-v0", num_envs=1024, vectorization_mode="vector_entry_point")
env.reset(seed=0)
env.step(numpy.zeros(1024, dtype=numpy.int64))
print(json.dumps([single - started, time.perf_counter() - single]))
"""


def import_seconds(repeats: int = 5) -> dict[str, float]:
    """Median time to import Gymnasium, and then edge_llm_env, in fresh processes."""
    times = [_in_fresh_process(_IMPORT) for _ in range(repeats)]
    return {
        "gymnasium": statistics.median(time[0] for time in times),
        "edge_llm_env_beyond_gymnasium": statistics.median(time[1] for time in times),
    }


def first_use_seconds() -> dict[str, dict[str, float]]:
    """Time to make, reset and step environments once in a fresh process, without and then with cached kernels."""
    with tempfile.TemporaryDirectory() as cache:
        without, cached = (_in_fresh_process(_FIRST_USE, NUMBA_CACHE_DIR=cache) for _ in range(2))
    return {
        "compiling": {"single": without[0], "vector": without[1], "both": sum(without)},
        "cached": {"single": cached[0], "vector": cached[1], "both": sum(cached)},
    }


def _in_fresh_process(program: str, **environment: str) -> list[float]:
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return json.loads(finished.stdout.splitlines()[-1])
