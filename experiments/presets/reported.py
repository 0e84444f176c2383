"""What a paper reports of the setting that a preset follows, beside what policies serve in the preset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_env.support.tables import Table

REPORTED = {"tp-mppo": "sweep-tp-mppo-workload-arrivals-rate_per_s"}
"""Recorded sweeps of presets that a paper reports of, by the preset."""

USERS_PER_RATE = 3
"""Users of `tp-mppo` by the arrivals per second of a cell: three cells, and each user asks once a second."""

REPORTED_GAINS = {
    "its heuristic": 6.5,
    "PPO without a mask": 7.3,
    "active inference": 7.0,
    "MPPO": 3.0,
}
"""By how many percentage points TP-MPPO's goodput is above others' at 3 nodes and 30 users (arXiv 2608.25543, V)."""


def beside_reported(sweep: Mapping[str, Any]) -> str:
    """What arXiv 2608.25543 reports at three nodes, and what policies serve in `tp-mppo` with as many users.

    From a recorded `edge-llm compare` that sweeps the arrivals of a cell.
    """
    rates = [f"{rate:g}" for rate in sweep["values"]]
    users = [f"{round(USERS_PER_RATE * rate)} users" for rate in sweep["values"]]
    on_time = [{one["policy"]: one["on_time_percent"] for one in record["policies"]} for record in sweep["comparisons"]]
    rows = [(policy, *(f"{of_rate[policy]:.1f}" for of_rate in on_time)) for policy in on_time[-1]]
    most, oracle = on_time[-1], sweep["comparisons"][-1]["oracle"]
    rules = {policy: served for policy, served in most.items() if policy not in ("GAH", "random", oracle)}
    best = max(rules, key=lambda policy: rules[policy])
    reported = ", ".join(f"{points:g} above {whom}" for whom, points in REPORTED_GAINS.items())
    settings = sweep["comparisons"][0]["settings"]
    return (
        "\n**Beside what the paper reports.** At three nodes and 30 users TP-MPPO's goodput, the part of the requests "
        f"that are answered in time, is by its text, in percentage points, {reported}; the parts themselves are not at "
        "hand, and nothing of TP-MPPO was run here. In the preset, where each user asks once a second (assumed), "
        "requests served in time, in % of those that were served or expired:\n\n"
        f"{Table(('policy', *users), rows).markdown()}\n\n"
        f"With {users[-1]} GAH is {most['GAH'] - rules[best]:.1f} points above the best rule that asks one node for "
        f"each request ({best}; random bids are decoded by GAH) and {most[oracle] - most['GAH']:.1f} below the joint "
        "optimum of each epoch: exact search takes there, without learning, what the rules leave.\n\n"
        f"`edge-llm compare --env {settings['env_id']} --scenario tp-mppo --sweep {sweep['field']}={','.join(rates)} "
        f"--episodes {settings['episodes']} --hindsight-episodes {settings['hindsight_episodes']}`\n"
    )
