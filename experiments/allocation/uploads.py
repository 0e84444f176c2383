"""What a scenario is like to play where uploads carry over: oracle, what that is worth, rules, hindsight."""

from __future__ import annotations

from typing import Any

from edge_llm_baselines.allocation.bandwidth import MinimumShares
from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.uploads.hindsight import upload_bounds
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import draw_workloads


def measure_uploads(scenario: Scenario, episodes: int, hindsight_episodes: int, seed: int) -> dict[str, Any]:
    """What `measure_scenario` says but for what a batch costs whoever is in it, of `EdgeLLM/Bandwidth-v0`, its oracle
    and its rules.

    `within_epoch` is what the oracle serves of the same workloads where nothing carries over.
    """
    workloads = draw_workloads(scenario, episodes, seed)
    result = roll_out(lambda env: AllocationPolicy(MinimumShares(), env), BANDWIDTH, scenario, workloads)
    baselines = baselines_of(BANDWIDTH)
    tuned = baselines.tuned(scenario, seed)
    policies = baselines.policies(scenario, tuned, seed)
    bounds = upload_bounds(scenario, workloads[:hindsight_episodes])
    within = load_scenario(scenario, **{"radio.transfers": "within_epoch"})
    return {
        "fingerprint": scenario.fingerprint(),
        "seed": seed,
        "episodes": episodes,
        "epochs": scenario.epoch.episode_epochs,
        "arrivals_per_s": scenario.workload.arrivals.mean_rate_per_s,
        "served": int(result.served.sum()),
        "settled": int(result.settled.sum()),
        "beyond_visible": int(result.beyond_visible.sum()),
        "utilisation": dict(zip(RESOURCES, result.utilisation.mean(axis=0).tolist(), strict=True)),
        "hindsight": {
            "episodes": hindsight_episodes,
            "dftsp": int(result.served[:hindsight_episodes].sum()),
            "schedule": int(bounds.served.sum()),
            "upper_bound": int(bounds.upper_bound.sum()),
        },
        "uploads": {
            "tuned": _numbers(tuned),
            "within_epoch": int(served_by_allocation(BANDWIDTH, MinimumShares(), within, workloads).sum()),
            "served": {
                name: int(roll_out(make, BANDWIDTH, scenario, workloads).served.sum())
                for name, make in policies.items()
                if name != "random"
            },
        },
    }


def _numbers(tuned: dict[str, Any]) -> dict[str, str]:
    """What is said of the numbers of tuned rules, by their names."""
    patience, urgency = tuned["uploads"]
    price = {} if tuned["price"] is None else {"optimal stopping": f"λ = {tuned['price']:g}"}
    return {"predictive": f"α = {patience:g}, β = {urgency:g}"} | price
