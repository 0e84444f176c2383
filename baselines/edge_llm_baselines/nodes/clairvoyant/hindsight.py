"""A schedule and a bound for an episode of a network."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge_llm_baselines.hindsight.forward_schedule import forward_schedule
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.nodes.clairvoyant.bound import descend
from edge_llm_baselines.nodes.clairvoyant.episode import NetworkEpisode
from edge_llm_baselines.nodes.clairvoyant.exchanges import exchanged
from edge_llm_baselines.nodes.clairvoyant.holdings import replanned
from edge_llm_baselines.nodes.clairvoyant.replay import Replayed, replayed
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

ITERATIONS = 120
"""Of the descent to the bound, at most."""

PASSES = 12
"""In which every batch is chosen anew."""


class NetworkHindsight(NamedTuple):
    """What is known of the best schedule of an episode."""

    value: int
    """Requests that the best schedule found serves."""
    upper_bound: int
    """No policy serves more, however many slots it sees."""


def network_hindsight(
    episode: NetworkEpisode,
    first: Replayed | None = None,
    iterations: int = ITERATIONS,
    passes: int = PASSES,
    seed: int = 0,
) -> NetworkHindsight:
    """The bound, and the best schedule found in a search that begins at one that was played.

    Equal seeds, equal results. Without a schedule it begins where every server, one after the other, serves all it can
    in every epoch; where models are placed one must be given. What nodes of one module each hold is then planned anew
    (`replanned`); those of several hold what they did, and their batches stay as they are.
    """
    rng, servers = np.random.default_rng(seed), episode.relaxed()
    if first is None or first.held.shape[2] <= 1:
        batches = episode.batches(first)
        begun = forward_schedule(batches) if first is None else first.schedule
        schedule = exchanged(batches, begun, passes, rng)
    else:
        schedule = first.schedule
    value = int((schedule >= 0).sum())
    bound = descend(servers, value, iterations)
    if first is not None and first.held.shape[2] == 1:
        value = replanned(episode, servers, first._replace(schedule=schedule), bound.prices, rng).served
    if value > bound.upper_bound:
        raise RuntimeError(f"a schedule serves {value}, more than the bound of {bound.upper_bound}")
    return NetworkHindsight(value, bound.upper_bound)


def hindsight_of_networks(
    scenario: Scenario, workloads: Sequence[Workload], rules: Sequence[MakePolicy]
) -> HindsightBounds:
    """What could be served on each workload, and what no policy exceeds; the search begins at the best of some rules.

    Raises ValueError for no workload.
    """
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    started_s = time.perf_counter()
    served = np.array([roll_out(make, MULTI_NODE, scenario, workloads).served for make in rules])
    found = [
        network_hindsight(
            NetworkEpisode.of_workload(scenario, workload),
            replayed(rules[int(np.argmax(served[:, at]))], scenario, workload),
        )
        for at, workload in enumerate(workloads)
    ]
    return HindsightBounds(
        np.array([one.value for one in found]),
        np.array([one.upper_bound for one in found]),
        (time.perf_counter() - started_s) / len(workloads),
    )
