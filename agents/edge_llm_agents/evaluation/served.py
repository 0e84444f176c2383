"""Policies ranked by requests served: the figures that are said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.records.intervals import Interval, paired_difference
from edge_llm_baselines.hindsight.hindsight import HindsightBounds, one_model_bounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import RollOut, roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload

OfServed = Judge[RollOut, HindsightBounds | None]


class _Served:
    """What both ways to say it have in common."""

    counts: Literal["served"] = "served"

    def play(self, make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]) -> RollOut:
        """A policy, deterministic, on every workload."""
        return roll_out(make_policy, env_id, scenario, workloads)


class BesideOracle(_Served):
    """Beside the oracle of one epoch and the best of all rules."""

    def most(self, judge: OfServed, workloads: Sequence[Workload]) -> HindsightBounds | None:
        """Hindsight, where the environment knows it: what somebody played is a schedule too."""
        hindsight = baselines_of(judge.env_id).hindsight
        if hindsight is None or not workloads:
            return None
        found = hindsight(judge.scenario, workloads)
        most = np.max([found.served, *(one.served[: len(workloads)] for one in judge.played.values())], axis=0)
        return found._replace(served=most)

    def figures(self, judge: OfServed, found: RollOut) -> dict[str, Any]:
        """Percentages of the oracle's and of hindsight, µs per decision."""
        figures = {
            "percent_of_oracle": _percent_of_oracle(judge, found),
            "difference_to_oracle_percent": _difference(judge, found, judge.oracle)._asdict(),
            "reward": float(found.reward.mean()),
            "decision_us": 1e6 * found.decision_s,
        }
        if judge.most is not None:
            known = _known(judge)
            figures["percent_of_hindsight"] = {
                name: 100.0 * float(found.served[:known].sum() / max(1, served.sum()))
                for name, served in _goals(judge.most).items()
            }
        return figures

    def figures_of_learned(self, judge: OfServed, found: RollOut, make_policy: MakePolicy) -> dict[str, Any]:
        """Percentages above the best rule, µs per decision of a single row."""
        return {
            "difference_to_best_rule_percent": _difference(judge, found, judge.best)._asdict(),
            "decision_alone_us": 1e6 * judge.play(make_policy, 1).decision_s,
        }

    def figures_of_rivals(self, judge: OfServed) -> dict[str, Any]:
        """The oracle, and every rule beside it."""
        oracle_key = judge.rivals.oracle_key
        return {
            "oracle": oracle_key,
            "oracle_served": int(judge.oracle.served.sum()),
            "oracle_reward": float(judge.oracle.reward.mean()),
            "oracle_decision_us": 1e6 * judge.oracle.decision_s,
            "tuned": judge.rivals.tuned,
            "rules": {key: self.figures(judge, found) for key, found in judge.played.items() if key != oracle_key},
            "best_rule": judge.best_rule,
            "hindsight_episodes": _known(judge),
        }

    def line(self, judge: OfServed, run: dict[str, Any]) -> str:
        """Percentages of the oracle's, and above the best rule."""
        to_oracle, to_rule = (Interval(**run[f"difference_to_{one}_percent"]) for one in ("oracle", "best_rule"))
        reached = f"{to_oracle.plus(100.0).text('.2f')} % of the oracle, above {judge.best_rule} by"
        return f"seed {run['seed']}: {reached} {to_rule.text('+.2f')} %, {run['seconds']:.0f} s"


class BesideDFTSP(_Served):
    """Beside DFTSP and the look-ahead rule, and how much of the gap from DFTSP to hindsight is closed."""

    def most(self, judge: OfServed, workloads: Sequence[Workload]) -> HindsightBounds | None:
        """Hindsight of batches."""
        return one_model_bounds(judge.scenario, workloads) if workloads else None

    def figures(self, judge: OfServed, found: RollOut) -> dict[str, Any]:
        """Percentages of DFTSP's and of the gap to hindsight, µs per decision."""
        figures = {
            "percent_of_dftsp": _percent_of_oracle(judge, found),
            "difference_to_dftsp_percent": _difference(judge, found, judge.oracle)._asdict(),
            "decision_us": 1e6 * found.decision_s,
        }
        if judge.most is not None:
            known, dftsp = _known(judge), judge.oracle.served
            gained = int((found.served - dftsp)[:known].sum())
            gaps = {name: int((served - dftsp[:known]).sum()) for name, served in _goals(judge.most).items()}
            figures["closes_percent_of_gap_to_hindsight"] = {
                name: 100.0 * gained / gap if gap > 0 else None for name, gap in gaps.items()
            }
        return figures

    def figures_of_learned(self, judge: OfServed, found: RollOut, make_policy: MakePolicy) -> dict[str, Any]:
        """Percentages above look-ahead, µs per decision of a single row."""
        return {
            "difference_to_look_ahead_percent": _difference(judge, found, judge.best)._asdict(),
            "decision_alone_us": 1e6 * judge.play(make_policy, 1).decision_s,
        }

    def figures_of_rivals(self, judge: OfServed) -> dict[str, Any]:
        """DFTSP, and look-ahead beside it."""
        dftsp = judge.rivals.policies[judge.rivals.oracle_key]
        alone = self.play(dftsp, judge.rivals.env_id, judge.scenario, judge.workloads[:1])
        return {
            "dftsp_served": int(judge.oracle.served.sum()),
            "dftsp_decision_us": 1e6 * judge.oracle.decision_s,
            "dftsp_decision_alone_us": 1e6 * alone.decision_s,
            "look_ahead": judge.rivals.tuned | self.figures(judge, judge.best),
            "hindsight_episodes": _known(judge),
        }

    def line(self, judge: OfServed, run: dict[str, Any]) -> str:
        """Percentages of DFTSP's, and above look-ahead."""
        to_dftsp, to_rule = (Interval(**run[f"difference_to_{one}_percent"]) for one in ("dftsp", "look_ahead"))
        reached = f"{to_dftsp.plus(100.0).text('.2f')} % of DFTSP, above look-ahead by {to_rule.text('+.3f')} %"
        return f"seed {run['seed']}: {reached}, {run['seconds']:.0f} s"


def _known(judge: OfServed) -> int:
    """Workloads that hindsight was asked of."""
    return 0 if judge.most is None else len(judge.most.served)


def _goals(hindsight: HindsightBounds) -> dict[str, NDArray[np.int64]]:
    return {"schedule": hindsight.served, "bound": hindsight.upper_bound}


def _percent_of_oracle(judge: OfServed, found: RollOut) -> float:
    return 100.0 * float(found.served.sum() / max(1, judge.oracle.served.sum()))


def _difference(judge: OfServed, found: RollOut, other: RollOut) -> Interval:
    """Mean paired difference with its 95 % interval, in percent of the oracle's mean."""
    difference = paired_difference(found.served.astype(float), other.served.astype(float))
    return difference.times(100.0 / max(1.0, float(judge.oracle.served.mean())))
