"""What learned policies are held against on held-out workloads: DFTSP, the tuned look-ahead rule and hindsight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import evaluate_solver
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_baselines import DFTSP, tuned_look_ahead
from edge_llm_baselines.hindsight.hindsight import one_model_bounds
from edge_llm_baselines.playing.roll_out import RollOut
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

CHECK_EPISODES = 10
"""RollOut workloads, the first ones, on which a test runs a shipped policy again."""


class References:
    """DFTSP, the tuned look-ahead rule and hindsight on the workloads that learned policies are held against.

    `stream` is the split that these are of. Raises ValueError for more workloads in hindsight than there are.
    """

    def __init__(
        self,
        scenario: Scenario,
        episodes: int,
        hindsight_episodes: int,
        seed: int,
        stream: Stream = Stream.EVALUATION,
    ) -> None:
        if not 0 <= hindsight_episodes <= episodes:
            raise ValueError(f"hindsight_episodes = {hindsight_episodes}: must be in 0..{episodes}")
        self.scenario, self.seed = scenario, seed
        self.workloads = draw_workloads(scenario, episodes, seed, stream)
        self.dftsp = evaluate_solver(DFTSP(), scenario, self.workloads)
        self.dftsp_alone = evaluate_solver(DFTSP(), scenario, self.workloads[:1])
        rule = tuned_look_ahead(scenario, seed)
        self.discount = rule.discount
        self.look_ahead = evaluate_solver(rule, scenario, self.workloads)
        known = self.workloads[:hindsight_episodes]
        self.hindsight = one_model_bounds(scenario, known) if known else None

    def judge(self, run: Callable[[Scenario, Sequence[Workload]], RollOut]) -> dict[str, Any]:
        """What a policy reaches, workload by workload against the references; `run` evaluates it."""
        evaluation = run(self.scenario, self.workloads)
        alone = run(self.scenario, self.workloads[:1])
        return self._against_dftsp(evaluation) | {
            "difference_to_look_ahead_percent": self._percent(evaluation.served, self.look_ahead.served),
            "decision_alone_us": 1e6 * alone.decision_s,
            "served": int(evaluation.served.sum()),
            "served_on_check_episodes": int(evaluation.served[:CHECK_EPISODES].sum()),
        }

    def as_record(self) -> dict[str, Any]:
        """The references themselves."""
        return {
            "episodes": len(self.workloads),
            "seed": self.seed,
            "dftsp_served": int(self.dftsp.served.sum()),
            "dftsp_decision_us": 1e6 * self.dftsp.decision_s,
            "dftsp_decision_alone_us": 1e6 * self.dftsp_alone.decision_s,
            "look_ahead": {"discount": self.discount} | self._against_dftsp(self.look_ahead),
            "hindsight_episodes": 0 if self.hindsight is None else len(self.hindsight.served),
        }

    def _against_dftsp(self, evaluation: RollOut) -> dict[str, Any]:
        record = {
            "percent_of_dftsp": 100.0 * float(evaluation.served.sum() / max(1, self.dftsp.served.sum())),
            "difference_to_dftsp_percent": self._percent(evaluation.served, self.dftsp.served),
            "decision_us": 1e6 * evaluation.decision_s,
        }
        if self.hindsight is not None:
            known = len(self.hindsight.served)
            gained = int((evaluation.served - self.dftsp.served)[:known].sum())
            goals = {"schedule": self.hindsight.served, "bound": self.hindsight.upper_bound}
            gaps = {name: int((served - self.dftsp.served[:known]).sum()) for name, served in goals.items()}
            record["closes_percent_of_gap_to_hindsight"] = {
                name: 100.0 * gained / gap if gap > 0 else None for name, gap in gaps.items()
            }
        return record

    def _percent(self, served: NDArray[np.int64], other: NDArray[np.int64]) -> dict[str, float]:
        """Mean paired difference with its 95 % interval, in percent of DFTSP's mean."""
        difference = paired_difference(served.astype(float), other.astype(float))
        return difference.times(100.0 / max(1.0, float(self.dftsp.served.mean())))._asdict()
