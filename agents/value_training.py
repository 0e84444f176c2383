"""Training a value function with several seeds, judging each on held-out tapes, and shipping the median one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.files import write_text
from agents.policy_files import Card, save_policy
from agents.references import CHECK_TAPES, References
from agents.value_policy import ValuePolicy
from agents.value_search import Progress, SearchSettings, search
from edge_llm_env.scenarios import load_scenario


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: SearchSettings,
    seeds: Sequence[int],
    references: References,
    report: Callable[[int, Progress], None] = lambda seed, progress: None,
) -> tuple[dict[str, Any], ValuePolicy, Card]:
    """Search with every seed and judge each; the record of all, and the policy and card of the median one."""
    scenario = load_scenario(scenario_name, **overrides)
    runs: list[dict[str, Any]] = []
    policies: list[ValuePolicy] = []
    for seed in seeds:
        started_s = time.perf_counter()
        found = search(scenario, settings, seed, lambda progress, seed=seed: report(seed, progress))  # type: ignore[misc]
        seconds = time.perf_counter() - started_s
        curve = [progress._asdict() for progress in found.curve]
        run = {"seed": seed, "seconds": seconds, "epoch_steps": found.epoch_steps, "first_discount": found.discount}
        runs.append(run | references.judge(found.policy) | {"curve": curve})
        policies.append(found.policy)
    order = sorted(range(len(runs)), key=lambda at: runs[at]["served"])
    median = order[(len(runs) - 1) // 2]
    record = {
        "scenario": scenario_name,
        "overrides": overrides,
        "scenario_fingerprint": scenario.fingerprint(),
        "algorithm": "cross-entropy method",
        "hyperparameters": asdict(settings),
        "references": references.as_record(),
        "median_seed": runs[median]["seed"],
        "runs": runs,
    }
    chosen = {name: value for name, value in runs[median].items() if name not in ("curve", "seed", "epoch_steps")}
    card = Card(
        scenario=scenario_name,
        overrides=overrides,
        algorithm="cross-entropy method",
        hyperparameters=asdict(settings),
        seed=runs[median]["seed"],
        epoch_steps=runs[median]["epoch_steps"],
        evaluation=chosen | {"references": references.as_record()},
        check={"tapes": CHECK_TAPES, "seed": references.seed, "served": runs[median]["served_on_check_tapes"]},
    )
    return record, policies[median], card


def save_training(
    record: dict[str, Any], policy: ValuePolicy, card: Card, name: str, results: Path, policies: Path
) -> list[Path]:
    """Write the record of all seeds to `results` and the median policy to `policies`; the files written."""
    file = results / f"train-{name}.json"
    write_text(file, json.dumps(record, indent=1) + "\n")
    return [file, *save_policy(policy, card, policies / name)]
