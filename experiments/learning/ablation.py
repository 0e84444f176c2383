"""What each way to less variance is worth in training an admission policy, and in comparing policies at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import evaluate_solver
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_baselines import DFTSP, LookAhead
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from experiments.learning.held_out import HeldOut

VARIANTS: dict[str, dict[str, Any]] = {
    "as set": {},
    "discount by epoch": {"discount_by_epoch": True, "discount": 0.6},
    "shared workloads": {"rows_per_workload": 4},
    "against DFTSP": {"against_dftsp": True},
    "all three": {"discount_by_epoch": True, "discount": 0.6, "rows_per_workload": 4, "against_dftsp": True},
    "attention": {"encoder": "attention"},
}
"""Changes of the settings by name. 0.6 per epoch is about 0.95 for each of its ten steps on `carry-over`."""


def ablate(
    settings: TrainingSettings, variants: Sequence[str], seeds: Sequence[int], episodes: int
) -> Iterator[dict[str, Any]]:
    """Train each variant with each seed; what the policy that validated best reaches on held-out workloads."""
    held_out = HeldOut(settings.scenario, episodes)
    for name in variants:
        for seed in seeds:
            trained = held_out.train(replace(settings, seed=seed, **VARIANTS[name]))
            yield {"variant": name, "changed": VARIANTS[name]} | trained


def comparison_variances(scenario_name: str, episodes: int, discount: float = 0.9) -> dict[str, float]:
    """Variances per workload of what the look-ahead rule of `discount` serves, and of what it serves more than DFTSP.

    `alone` and `with DFTSP as control variate` are of the rule's own requests served; the latter takes off the best
    multiple of DFTSP's on the same workload. `difference on other workloads` and `on the same workloads` are of the
    difference.
    """
    scenario = load_scenario(scenario_name)
    workloads = draw_workloads(scenario, episodes, seed=0)
    rule, oracle = (
        evaluate_solver(solver, scenario, workloads).served.astype(np.float64)
        for solver in (LookAhead(discount, scenario.epoch.epoch_s), DFTSP())
    )
    return {
        "alone": variance(rule),
        "with DFTSP as control variate": variance(rule - slope(rule, oracle) * oracle),
        "difference on other workloads": variance(rule) + variance(oracle),
        "difference on the same workloads": variance(rule - oracle),
    }


def variance(numbers: NDArray[np.float64]) -> float:
    """Unbiased."""
    return float(numbers.var(ddof=1))


def slope(numbers: NDArray[np.float64], control: NDArray[np.float64]) -> float:
    """The multiple of `control` that takes most variance off `numbers`."""
    return float(np.cov(numbers, control)[0, 1] / control.var(ddof=1))
