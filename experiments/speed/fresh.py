"""What is measured in processes of their own: imports, first steps with an empty cache, memory of many rows."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from edge_llm_env.envs.suite import CONTINUOUS_BATCHING, MULTI_NODE, SCALING
from edge_llm_env.registration import ENVIRONMENTS

LIMIT_S = 1800
"""After which a process hangs."""

OF_THEIR_OWN = (MULTI_NODE, CONTINUOUS_BATCHING, SCALING)
"""Environments whose kernels the others have no part of."""

_IMPORT = """
import json, time
started = time.perf_counter()
import gymnasium
between = time.perf_counter()
import edge_llm_env
print(json.dumps([between - started, time.perf_counter() - between]))
"""

_FIRST_STEPS = """
import json, sys, time
import edge_llm_env, gymnasium
clock_s, processor_s = time.perf_counter(), time.process_time()
for env_id in sys.argv[1:]:
    for env in (
        gymnasium.make(env_id),
        gymnasium.make_vec(env_id, num_envs=8, vectorization_mode="vector_entry_point"),
    ):
        env.reset(seed=0)
        env.step(env.action_space.sample())
print(json.dumps([time.perf_counter() - clock_s, time.process_time() - processor_s]))
"""

_MEMORY = """
import json, sys
import edge_llm_env, gymnasium
from experiments.faults.soak import resident_bytes
def stepped(scenario, rows):
    env = gymnasium.make_vec(
        "EdgeLLM/Batching-v0", num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario
    )
    env.reset(seed=0)
    env.step(env.action_space.sample())
    return env
few = stepped(sys.argv[1], 1)
alone = resident_bytes()
many = stepped(sys.argv[1], int(sys.argv[2]))
print(json.dumps([alone, resident_bytes() - alone]))
"""


def import_seconds(repeats: int = 5) -> dict[str, float]:
    """Median time to import Gymnasium, and then edge_llm_env, in fresh processes."""
    times = [in_fresh_process(_IMPORT) for _ in range(repeats)]
    return {
        "gymnasium": statistics.median(time[0] for time in times),
        "edge_llm_env_beyond_gymnasium": statistics.median(time[1] for time in times),
    }


def first_steps_seconds(env_id: str) -> dict[str, dict[str, float]]:
    """Time to make, reset and step both forms of an environment, without and then with cached kernels."""
    with tempfile.TemporaryDirectory() as cache:
        compiling, cached = (in_fresh_process(_FIRST_STEPS, env_id, NUMBA_CACHE_DIR=cache) for _ in range(2))
    return {
        name: dict(zip(("clock", "processor"), taken, strict=True))
        for name, taken in (("compiling", compiling), ("cached", cached))
    }


def all_first_steps_seconds() -> float:
    """Time on the clock until all environments have stepped once in two processes side by side that share a cache."""
    others = [env_id for env_id in ENVIRONMENTS if env_id not in OF_THEIR_OWN]
    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(2) as both:
        started_s = time.perf_counter()
        list(both.map(lambda ids: in_fresh_process(_FIRST_STEPS, *ids, NUMBA_CACHE_DIR=cache), (OF_THEIR_OWN, others)))
        return time.perf_counter() - started_s


def memory_bytes(presets: tuple[str, ...], rows: int) -> dict[str, Any]:
    """Memory of a process with one row of `Batching-v0`, and what so many rows of each preset take beside it."""
    found = {preset: in_fresh_process(_MEMORY, preset, str(rows)) for preset in presets}
    return {
        "one row": round(statistics.median(alone for alone, _ in found.values())),
        "more": {preset: round(more) for preset, (_, more) in found.items()},
    }


def in_fresh_process(program: str, *arguments: str, **environment: str) -> list[float]:
    """Run a program that prints a list of numbers as JSON and imports what can be imported here; `environment` are
    further variables of the process.
    """
    variables: Mapping[str, str] = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | environment
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    numbers: list[float] = json.loads(finished.stdout.splitlines()[-1])
    return numbers
