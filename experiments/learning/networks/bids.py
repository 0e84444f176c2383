"""What bids that are searched for serve, beside GAH, where nothing is placed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edge_llm_agents.bids.policy import FEATURES, LearnedBids
from edge_llm_agents.bids.search import search_bids
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.records.intervals import Interval, ratio_interval
from edge_llm_agents.value_search.generations import Generations
from edge_llm_baselines.nodes.policy import GahPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.streams import draw_workloads


def bids_runs(
    scenario: Scenario, settings: Generations, seeds: Sequence[int], episodes: int
) -> Iterator[dict[str, Any]]:
    """A record of each seed's search: whom the found bids serve on held-out workloads, in percent of GAH."""
    workloads = draw_workloads(scenario, episodes, seed=0)
    gah = roll_out(GahPolicy, MULTI_NODE, scenario, workloads).served.astype(np.float64)
    for seed in seeds:
        found = search_bids(scenario, settings, seed)
        served = evaluate_learned(LearnedBids(found.parameters, scenario), scenario, workloads).served
        yield {
            "seed": seed,
            "weights": dict(zip(FEATURES, found.parameters.tolist(), strict=True)),
            "epoch_steps": found.epoch_steps,
            "gah_served_per_episode": float(gah.mean()),
            "served_per_episode": float(served.mean()),
            "percent_of_gah": ratio_interval(served.astype(np.float64), gah).times(100.0)._asdict(),
            "curve": [progress._asdict() for progress in found.curve],
        }


def bids_table(record: dict[str, Any]) -> Table:
    """A row per seed."""
    rows = [
        (
            f"`{record['settings']['scenario']}`",
            str(run["seed"]),
            f"{run['gah_served_per_episode']:.1f}",
            Interval(**run["percent_of_gah"]).text(".2f"),
        )
        for run in record["runs"]
    ]
    return Table(("scenario", "seed", "100 %: GAH, served per episode", "learned bids, % [95 % CI]"), rows)
