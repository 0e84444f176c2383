"""Policies ranked by the reward of an episode: the figures that are said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.records.fields import BESIDE
from edge_llm_agents.records.intervals import Interval, paired_difference
from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.registry.baseline import Earning
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload

OfEarned = Judge[Earned, NDArray[np.float64]]


class BesideBestRule:
    """Beside the best of all rules, and how much of the gap from it to what nobody exceeds is closed."""

    counts: Literal["reward"] = "reward"

    def __init__(self, earning: Earning) -> None:
        self._earning = earning

    def play(self, make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]) -> Earned:
        """What a policy earns on every workload."""
        return self._earning.play(make_policy, scenario, workloads)

    def most(self, judge: OfEarned, workloads: Sequence[Workload]) -> NDArray[np.float64]:
        """(E,) what nobody earns more than, of all the judge's workloads, however many are asked for in hindsight."""
        return np.array([self._earning.most(judge.scenario, workload) for workload in judge.workloads])

    def figures(self, judge: OfEarned, found: Earned) -> dict[str, Any]:
        """Reward per episode, percentages of the oracle's and of the gap, and what the environment counts besides."""
        best = judge.best.reward
        gap = float((judge.most - best).sum())
        return {
            "reward": float(found.reward.mean()),
            "percent_of_oracle": 100.0 * float(found.reward.sum() / judge.oracle.reward.sum()),
            "difference_to_best_rule": paired_difference(found.reward, best)._asdict(),
            "gap_closed_percent": 100.0 * float((found.reward - best).sum()) / gap if gap > 0 else None,
            "served_percent": 100.0 * found.served_share,
        } | found.means

    def figures_of_learned(self, judge: OfEarned, found: Earned, make_policy: MakePolicy) -> dict[str, Any]:
        """Nothing more than of a rule."""
        return {}

    def figures_of_rivals(self, judge: OfEarned) -> dict[str, Any]:
        """Every rule, and what nobody exceeds."""
        return {
            "oracle": judge.rivals.oracle_key,
            "tuned": judge.rivals.tuned,
            "rules": {key: self.figures(judge, found) for key, found in judge.played.items()},
            "best_rule": judge.best_rule,
            "most_reward": float(judge.most.mean()),
        }

    def line(self, judge: OfEarned, run: dict[str, Any]) -> str:
        """The reward, above the best rule, and what stands beside."""
        above = Interval(**run["difference_to_best_rule"]).text("+.1f")
        means = (f", {name} {run[name]:.2f}" for name in BESIDE if name in run)
        beside = f"{run['served_percent']:.1f} % served{''.join(means)}"
        closed = run["gap_closed_percent"]
        part = "" if closed is None else f", {closed:.1f} % of the gap to what nobody exceeds"
        return (
            f"seed {run['seed']}: reward {run['reward']:.1f}, above {judge.best_rule} by {above}{part}; {beside}, "
            f"{run['seconds']:.0f} s"
        )
