"""Sets of workloads for different purposes, that never share a workload."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import numpy as np

from edge_llm_env.scenarios.loading import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.workload import Workload


class Stream(IntEnum):
    """What workloads are for: spawn keys of NumPy's `SeedSequence`. Training's workloads come from `reset(seed=)`."""

    EVALUATION = 1
    VALIDATION = 2
    TUNING = 3
    DEMONSTRATION = 4


def draw_workloads(
    scenario: str | Path | Scenario, episodes: int, seed: int = 0, stream: Stream = Stream.EVALUATION
) -> list[Workload]:
    """That many workloads, the same for equal seeds and streams; more episodes only add workloads.

    `scenario` is a preset's name, the path of a TOML file or a `Scenario`. Raises ValueError for less than one episode.
    """
    scenario = load_scenario(scenario)
    if episodes < 1:
        raise ValueError(f"episodes = {episodes}: must be at least 1")
    seeds = np.random.SeedSequence(seed, spawn_key=(stream,)).spawn(episodes)
    return [draw_workload(scenario, np.random.default_rng(child)) for child in seeds]
