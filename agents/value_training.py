"""Training a value function with several seeds, judging each on held-out tapes, and shipping the median one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evaluation import Evaluation, evaluate_solver, evaluate_values, paired_difference
from agents.files import write_text
from agents.policy_files import Card, save_policy
from agents.value_policy import ValuePolicy
from agents.value_search import Progress, SearchSettings, search
from baselines import DFTSP, hindsight_bounds, tuned_look_ahead
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.workload.streams import draw_workloads

CHECK_TAPES = 10
"""Evaluation tapes, the first ones, on which a test runs a shipped policy again."""


class References:
    """DFTSP, the tuned look-ahead rule and hindsight on the evaluation tapes that learned policies are held against."""

    def __init__(self, scenario: Scenario, tapes: int, hindsight_tapes: int, seed: int) -> None:
        if not 0 <= hindsight_tapes <= tapes:
            raise ValueError(f"hindsight_tapes = {hindsight_tapes}: must be in 0..{tapes}")
        self.scenario, self.seed = scenario, seed
        self.workloads = draw_workloads(scenario, tapes, seed)
        self.dftsp = evaluate_solver(DFTSP(), scenario, self.workloads)
        rule = tuned_look_ahead(scenario, seed)
        self.discount = rule.discount
        self.look_ahead = evaluate_solver(rule, scenario, self.workloads)
        known = self.workloads[:hindsight_tapes]
        self.hindsight = hindsight_bounds(scenario, known) if known else None

    def judge(self, policy: ValuePolicy) -> dict[str, Any]:
        """What a policy reaches, tape by tape against the references."""
        evaluation = evaluate_values(policy, self.scenario, self.workloads)
        return self._against_dftsp(evaluation) | {
            "difference_to_look_ahead_percent": self._percent(evaluation.served, self.look_ahead.served),
            "served": int(evaluation.served.sum()),
            "served_on_check_tapes": int(evaluation.served[:CHECK_TAPES].sum()),
        }

    def as_record(self) -> dict[str, Any]:
        """The references themselves."""
        return {
            "tapes": len(self.workloads),
            "seed": self.seed,
            "dftsp_served": int(self.dftsp.served.sum()),
            "dftsp_decision_us": 1e6 * self.dftsp.decision_s,
            "look_ahead": {"discount": self.discount} | self._against_dftsp(self.look_ahead),
            "hindsight_tapes": 0 if self.hindsight is None else len(self.hindsight.served),
        }

    def _against_dftsp(self, evaluation: Evaluation) -> dict[str, Any]:
        record = {
            "percent_of_dftsp": 100.0 * float(evaluation.served.sum() / self.dftsp.served.sum()),
            "difference_to_dftsp_percent": self._percent(evaluation.served, self.dftsp.served),
            "decision_us": 1e6 * evaluation.decision_s,
        }
        if self.hindsight is not None:
            known = len(self.hindsight.served)
            gained = int((evaluation.served - self.dftsp.served)[:known].sum())
            gaps = {"schedule": self.hindsight.served, "bound": self.hindsight.upper_bound}
            record["closes_percent_of_gap_to_hindsight"] = {
                name: 100.0 * gained / int((served - self.dftsp.served[:known]).sum()) for name, served in gaps.items()
            }
        return record

    def _percent(self, served: NDArray[np.int64], other: NDArray[np.int64]) -> dict[str, float]:
        """Mean paired difference with its 95 % interval, in percent of DFTSP's mean."""
        interval = paired_difference(served.astype(float), other.astype(float))
        return {part: 100.0 * value / float(self.dftsp.served.mean()) for part, value in interval._asdict().items()}


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
