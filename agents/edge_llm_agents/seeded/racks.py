"""Learning policies of a rack with several seeds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from edge_llm_agents.evaluation.earnings import EarningRivals
from edge_llm_agents.racks.learning import RackSettings, learn_rack
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.seeded.runs import Trained, card_of

ALGORITHM = "ridge regression"


def train_seeds(
    scenario_name: str, overrides: dict[str, Any], settings: RackSettings, seeds: Sequence[int], rivals: EarningRivals
) -> Iterator[Trained]:
    """Learn with every seed and judge each on the rivals' workloads; after each what there is so far.

    The policy that is kept earns the median reward.
    """
    judged: list[dict[str, Any]] = []
    policies = []
    for seed in seeds:
        started_s = time.perf_counter()
        found = learn_rack(rivals.scenario, settings, seed)
        said = {
            "seed": seed,
            "seconds": time.perf_counter() - started_s,
            "training_steps": found.epoch_steps,
            "ridge": found.ridge,
            "caution": found.policy.caution,
        }
        judged.append(said | rivals.judge(found.policy.acting))
        policies.append(found.policy)
        by_reward = sorted(range(len(judged)), key=lambda at: judged[at]["reward"])
        median = by_reward[(len(judged) - 1) // 2]
        record = {
            "scenario": scenario_name,
            "overrides": overrides,
            "algorithm": ALGORITHM,
            "hyperparameters": asdict(settings),
            "scenario_fingerprint": rivals.scenario.fingerprint(),
            "environment": rivals.env_id,
            "references": rivals.as_record(),
            "median_seed": judged[median]["seed"],
            "runs": list(judged),
        }
        yield Trained(record, policies[median], card_of(record, judged[median], rivals.seed))


def as_line(run: dict[str, Any], rivals: EarningRivals) -> str:
    """A judged run for a reader."""
    above = Interval(**run["difference_to_best_rule"]).text("+.1f")
    beside = f"{run['served_percent']:.1f} % served with {run['modules']:.2f} modules on"
    closed = run["gap_closed_percent"]
    part = "" if closed is None else f", {closed:.1f} % of the gap to the clairvoyant"
    return (
        f"seed {run['seed']}: reward {run['reward']:.1f}, above {rivals.best_rule} by {above}{part}; {beside}, "
        f"{run['seconds']:.0f} s"
    )
