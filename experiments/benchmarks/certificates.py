"""Certified intervals: what the best policy known serves, and what no policy that does not know the future can."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import policies_for
from edge_llm_agents.records.intervals import mean_interval
from edge_llm_agents.records.record import write_record
from edge_llm_baselines.certificates.arrivals import ArrivalSignals
from edge_llm_baselines.certificates.certificate import certified_bounds
from edge_llm_baselines.certificates.fitting import fit_penalty
from edge_llm_baselines.certificates.penalty import NoPenalty
from edge_llm_baselines.certificates.played import played_schedules
from edge_llm_baselines.certificates.sampled_future import SampledFuture
from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_baselines.rules.tuning import LookAheadRows, tune_discount
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.workload.streams import draw_workloads

SOLVED_PERCENT = 0.5
"""Width of a certified interval, in percent of its bound, below which a scenario is a unit test of algorithms."""


@dataclass(frozen=True)
class Certificates:
    """Certify what batches of presets can reach without knowing the future; write certificates.json and print it.

    The lower end is the best of the tuned look-ahead rule, one that samples futures and the package's policies, the
    upper end information relaxation with a penalty fitted on tuning workloads (docs/certificates.md).
    """

    scenarios: tuple[str, ...] = ("carry-over", "orin-llama-8b", "embedding-uplink")
    """Presets' names, or paths of TOML files."""
    episodes: int = 100
    """Evaluation workloads that both ends are of."""
    expectation_episodes: int = 1000
    """Workloads that the expectation of arrivals is taken of."""
    fit_episodes: int = 48
    """Tuning workloads that the penalty is fitted on."""
    fit_steps: int = 240
    """Steps of the fit."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of certificates.json."""

    def run(self) -> None:
        """Certify, write and print."""
        settings = {name: value for name, value in asdict(self).items() if name not in ("results", "scenarios")}
        found = []
        for name in self.scenarios:
            print(f"{name} ...", file=sys.stderr)
            found.append(self._certified(load_scenario(name)))
        print(write_record(self.results / "certificates.json", {"settings": settings, "scenarios": found}), end="")

    def _certified(self, scenario: Scenario) -> dict[str, Any]:
        """The interval of a scenario, its bound without a penalty, and what its policies serve."""
        signals = ArrivalSignals.of(scenario, self.expectation_episodes, self.seed)
        penalty = fit_penalty(scenario, signals, episodes=self.fit_episodes, steps=self.fit_steps, seed=self.seed)
        workloads = draw_workloads(scenario, self.episodes, self.seed)
        certified = certified_bounds(scenario, workloads, penalty)
        without = certified_bounds(scenario, workloads, NoPenalty())
        dftsp = served_by(DFTSP(), scenario, workloads)
        percent = 100.0 / float(dftsp.mean())
        policies: dict[str, dict[str, Any]] = {}
        for name, make_policy in _policies(scenario, self.seed).items():
            plans = played_schedules(make_policy, BATCH_SELECTION, scenario, workloads)
            served = np.array([float((plan != NEVER).sum()) for plan in plans])
            kept = np.array([one.value(plan) for one, plan in zip(certified.penalised, plans, strict=True)])
            width = mean_interval(certified.bounds - kept).times(100.0 / float(certified.bounds.mean()))
            policies[name] = {
                "served": served.mean(),
                "percent_of_dftsp": percent * served.mean(),
                "penalty": mean_interval(served - kept)._asdict(),
                "width_percent": width._asdict(),
                "width_percent_unpaired": 100.0 * (1.0 - served.mean() / certified.bounds.mean()),
            }
        best = max(policies, key=lambda name: float(policies[name]["served"]))
        bound = mean_interval(certified.bounds)
        return {
            "scenario": scenario.name,
            "fingerprint": scenario.fingerprint(),
            "dftsp": dftsp.mean(),
            "best_policy": best,
            "width_percent": policies[best]["width_percent"],
            "solved": bool(policies[best]["width_percent"]["high"] < SOLVED_PERCENT),
            "bound": bound._asdict(),
            "bound_percent_of_dftsp": percent * bound.mean,
            "bound_without_penalty_percent_of_dftsp": percent * without.bounds.mean(),
            "policies": policies,
            "weights": penalty.weights.tolist(),
        }


def _policies(scenario: Scenario, seed: int) -> dict[str, MakePolicy]:
    """The tuned look-ahead rule, the one that samples futures, and the package's for the scenario, of batches."""
    discount = tune_discount(scenario, seed)
    found: dict[str, MakePolicy] = {"look-ahead": lambda env: LookAheadRows(discount, env.unwrapped.simulation)}
    sampling = SampledFuture(scenario, seed=seed)
    found["sampled-future"] = lambda env: EpochPolicy(sampling, env)
    for name in policies_for(scenario):
        policy, _ = load_policy(name)
        if policy.env_id == BATCH_SELECTION:
            found[name] = policy.acting
    return found
