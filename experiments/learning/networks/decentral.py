"""What agents of their own reach where models are placed, beside the policy that sees the whole network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edge_llm_agents.evaluation.playing import LearnedPolicy, evaluate_learned
from edge_llm_agents.placement.decentral import fit_decentral
from edge_llm_agents.placement.fitting import PlacementSettings
from edge_llm_agents.records.intervals import Interval, ratio_interval
from edge_llm_baselines.nodes.policy import GahPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.streams import draw_workloads


def decentral_runs(
    central: LearnedPolicy, scenario: Scenario, settings: PlacementSettings, seeds: Sequence[int], episodes: int
) -> Iterator[dict[str, Any]]:
    """A record of each seed: what agents serve that were fitted with it, in percent of the central policy's.

    All play the same held-out workloads; that of nodes which never load (GAH) stands beside both.
    """
    workloads = draw_workloads(scenario, episodes, seed=0)
    never = roll_out(GahPolicy, MULTI_NODE, scenario, workloads).served.astype(np.float64)
    whole = evaluate_learned(central, scenario, workloads).served.astype(np.float64)
    for seed in seeds:
        policy = fit_decentral(scenario, settings, seed)
        served = evaluate_learned(policy, scenario, workloads).served.astype(np.float64)
        yield {
            "seed": seed,
            "horizon_epochs": policy.horizon_epochs,
            "least_gain": policy.least_gain,
            "served_per_episode": {
                "never_loading": float(never.mean()),
                "central": float(whole.mean()),
                "decentral": float(served.mean()),
            },
            "percent_of_central": ratio_interval(served, whole).times(100.0)._asdict(),
            "percent_of_never_loading": ratio_interval(served, never).times(100.0)._asdict(),
        }


def decentral_table(record: dict[str, Any]) -> Table:
    """A row per seed."""
    rows = []
    for run in record["runs"]:
        served = run["served_per_episode"]
        rows.append(
            (
                str(run["seed"]),
                *(f"{served[who]:.0f}" for who in ("never_loading", "central", "decentral")),
                Interval(**run["percent_of_never_loading"]).text(".1f"),
                Interval(**run["percent_of_central"]).text(".1f"),
            )
        )
    headings = (
        "seed", "never loading, served per episode", "central", "decentral", "decentral, % of never loading [95 % CI]",
        "of central, % [95 % CI]",
    )  # fmt: skip
    return Table(headings, rows)
