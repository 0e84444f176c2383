"""The splits: sets of workloads for different purposes, that never share a workload.

Training's workloads come from `reset(seed=)`, whose `SeedSequence` has no spawn key; those of a stream have the key
(stream, number). NumPy's sequences of different keys are independent, so the splits are disjoint by construction, for
equal seeds too.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import numpy as np

from edge_llm_env.scenarios.loading import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.workload import Workload

MOST_EPISODES = 1_000_000
"""That one list of workloads holds: each takes kilobytes."""


class Stream(IntEnum):
    """What workloads are for: the first spawn key of NumPy's `SeedSequence`."""

    EVALUATION = 1
    """The test split: what is reported, of the scenario that a policy was made for."""
    VALIDATION = 2
    """What a training run chooses among its policies by."""
    TUNING = 3
    """What the numbers of rules are chosen by."""
    DEMONSTRATION = 4
    """What teachers play for policies that imitate them."""
    SHIFTED = 5
    """What is reported of a scenario that a policy was not made for."""


@checked
def draw_workloads(
    scenario: str | Path | Scenario,
    episodes: int,
    seed: int = 0,
    stream: Stream = Stream.EVALUATION,
    *,
    first: int = 0,
) -> list[Workload]:
    """That many workloads, the same for equal seeds and streams; more episodes only add workloads.

    They are counted from 0, and the first is number `first`: those before it are not drawn.

    `scenario` is a preset's name, the path of a TOML file or a `Scenario`. Raises ValueError for less than one episode,
    for a `first` below 0, and for more than MOST_EPISODES with those before the first.
    """
    scenario = load_scenario(scenario)
    if first < 0:
        raise ValueError(f"first = {first}: must be at least 0")
    if not 1 <= episodes <= MOST_EPISODES - first:
        allowed = "at least 1" if episodes < 1 else f"at most {MOST_EPISODES:,}"
        beside = f" with first = {first}" if first else ""
        raise ValueError(f"episodes = {episodes}{beside}: must be {allowed}")
    if seed < 0:
        raise ValueError(f"seed = {shown(seed)}: must be at least 0")
    seeds = np.random.SeedSequence(seed, spawn_key=(stream,)).spawn(first + episodes)[first:]
    return [draw_workload(scenario, np.random.default_rng(child)) for child in seeds]
