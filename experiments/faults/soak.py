"""Long and large episodes: whether memory stays flat, counters stay right and no step grows with what was before."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING, CONTINUOUS_BATCHING
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.workload import Workload

DAY_S = 86_400.0

GROWTH_BYTES = 64 << 20
"""Of a process's memory that counts as flat: what allocators keep, and what is imported late."""

SLOWDOWN = 3.0
"""How much longer the last part of an episode may take than its first, each the quickest of all rounds: a step that
goes through all that was before would make it ten times as long and more.
"""


def resident_bytes() -> int:
    """Memory of this process; the most it has had where the system does not say."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def pending_requests(count: int) -> dict[str, Any]:
    """So many requests that all wait from the first epoch on; two halves of as many epochs each, timed."""
    scenario = load_scenario("carry-over", **{"epoch.episode_epochs": 40})
    rng = np.random.default_rng(0)
    ones = np.ones(count)
    gain = np.full((count, 1), 1e-9)
    workload = Workload(
        np.zeros(count),
        rng.integers(16, 64, count),
        rng.integers(16, 64, count),
        1e6 * ones,
        0.0 * ones,
        np.zeros(count, dtype=np.int64),
        100.0 * ones,
        gain,
        gain,
    )
    env: Any = gym.make(BATCH_SELECTION, scenario=scenario)
    _, info = env.reset(options={"workload": workload})
    halves_s = []
    for _ in range(2):
        begun_s = time.process_time()
        for _ in range(20):
            _, _, _, _, info = env.step(np.ones(env.action_space.shape, dtype=np.int8))
        halves_s.append(time.process_time() - begun_s)
    settled = info["served"] + info["expired"] + info["rejected"]
    if info["arrived"] != count or settled + info["pending"] != count:
        raise ValueError(f"{count} requests: must be counted once each, {info}")
    return {"requests": count, "pending": int(info["pending"]), "halves_s": halves_s}


def epochs(count: int, epoch_s: float) -> dict[str, Any]:
    """An episode of so many epochs to its end, at one request in ten of them; how long each tenth of it took."""
    load = {"workload.arrivals.rate_per_s": 0.1 / epoch_s, "epoch.episode_epochs": count}
    scenario = load_scenario("carry-over", **load)
    env: Any = gym.make(BATCH_SELECTION, scenario=scenario, disable_env_checker=True)
    _, info = env.reset(seed=0)
    everybody = np.ones(env.action_space.shape, dtype=np.int8)
    tenths_s, truncated, steps = [], False, 0
    begun_s = time.process_time()
    while not truncated:
        _, _, _, truncated, info = env.step(everybody)
        steps += 1
        if steps % max(1, count // 10) == 0:
            tenths_s.append(time.process_time() - begun_s)
            begun_s = time.process_time()
    if steps != count or info["epochs"] != count:
        raise ValueError(f"{count} epochs: must be as many steps, {steps}, and be counted, {info['epochs']}")
    return {"epochs": count, "simulated_s": count * epoch_s, "arrived": int(info["arrived"]), "tenths_s": tenths_s}


def episodes(count: int, env_id: str, preset: str, rows: int = 64) -> dict[str, Any]:
    """At least so many episodes of a few epochs on rows that begin anew by themselves; the memory as it goes.

    Batches are dispatched empty, and an engine runs on with the largest budget.
    """
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 2})
    env: Any = gym.make_vec(env_id, num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario)
    env.reset(seed=0)
    dispatch = np.full(rows, env.single_action_space.n - 1)
    done, memory, next_look = 0, [], count // 10
    while done < count:
        _, _, terminated, truncated, _ = env.step(dispatch)
        done += int((terminated | truncated).sum())
        if done >= next_look:
            memory.append(resident_bytes())
            next_look += max(1, count // 10)
    env.close()
    return {"episodes": done, "memory_bytes": memory, "grown_bytes": memory[-1] - memory[0]}


def parts(scale: float) -> dict[str, Callable[[], dict[str, Any]]]:
    """Every part by its name, of the whole size at scale 1."""
    epoch_s = load_scenario("carry-over").epoch.epoch_s
    return {
        "pending": lambda: pending_requests(max(100, int(1e6 * scale))),
        "epochs": lambda: epochs(max(100, int(1e6 * scale)), epoch_s),
        "a day": lambda: epochs(max(100, int(DAY_S / epoch_s * scale)), epoch_s),
        "episodes": lambda: episodes(max(100, int(1e5 * scale)), BATCHING, "carry-over"),
        "an engine's episodes": lambda: episodes(max(100, int(1e4 * scale)), CONTINUOUS_BATCHING, "chat-4090"),
    }


def soak(seconds: float, scale: float) -> Iterator[dict[str, Any]]:
    """Every part again and again, for so long and at least twice; each with the memory that it left behind."""
    begun_s, rounds = time.perf_counter(), 0
    while rounds < 2 or time.perf_counter() - begun_s < seconds:
        rounds += 1
        for name, part in parts(scale).items():
            yield {"part": name, "round": rounds} | part() | {"left_bytes": resident_bytes()}


def grown_bytes(found: list[dict[str, Any]]) -> int:
    """How much more memory the last round left behind than the first, and at most any part of episodes took."""
    of_round = {
        number: [one["left_bytes"] for one in found if one["round"] == number] for number in (1, found[-1]["round"])
    }
    between = max(of_round[found[-1]["round"]]) - max(of_round[1])
    return max(between, *(one["grown_bytes"] for one in found if "grown_bytes" in one))


def slowdown(found: list[dict[str, Any]]) -> float:
    """How many times as long the last part of an episode takes as its first; each the quickest of its rounds."""
    ratios = []
    for name in ("halves_s", "tenths_s"):
        for part in {one["part"] for one in found if name in one}:
            times_s = [one[name] for one in found if one["part"] == part]
            ratios.append(min(times[-1] for times in times_s) / min(times[0] for times in times_s))
    return max(ratios)
