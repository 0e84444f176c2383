"""What learned allocations are held against on held-out workloads: the oracle of one epoch and all rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.references import CHECK_EPISODES
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.roll_out import RollOut, roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload


class Rivals:
    """Every baseline of an environment, tuned for a scenario, and hindsight where the environment knows it.

    The best rule is that which serves most on these very workloads, the hardest to beat, of those that are told nothing
    which no observation shows. `stream` is the split that the workloads are of. Raises ValueError for less than two
    workloads, and for more in hindsight than there are.
    """

    def __init__(
        self,
        env_id: str,
        scenario: Scenario,
        episodes: int,
        hindsight_episodes: int,
        seed: int,
        stream: Stream = Stream.EVALUATION,
    ) -> None:
        if episodes < 2:
            raise ValueError(f"episodes = {episodes}: must be at least 2")
        if not 0 <= hindsight_episodes <= episodes:
            raise ValueError(f"hindsight_episodes = {hindsight_episodes}: must be in 0..{episodes}")
        self.env_id, self.scenario, self.seed = env_id, scenario, seed
        self.workloads = draw_workloads(scenario, episodes, seed, stream)
        baselines = baselines_of(env_id)
        self.tuned = baselines.tuned(scenario, seed)
        self.oracle_key = baselines.oracle
        self.played = {
            key: roll_out(rule.acting(seed, rule.of(self.tuned)), env_id, scenario, self.workloads)
            for key, rule in baselines.playable(scenario, self.tuned).items()
        }
        rules = [key for key in self.played if key != self.oracle_key and not baselines.rules[key].informed]
        self.best_rule = max(rules, key=lambda key: int(self.played[key].served.sum()))
        known = self.workloads[:hindsight_episodes] if baselines.hindsight is not None else []
        self.hindsight: HindsightBounds | None = None
        if baselines.hindsight is not None and known:
            found = baselines.hindsight(scenario, known)
            most = np.max([found.served, *(one.served[: len(known)] for one in self.played.values())], axis=0)
            self.hindsight = found._replace(served=most)  # what somebody played is a schedule

    def judge(self, run: Callable[[Scenario, Sequence[Workload]], RollOut]) -> dict[str, Any]:
        """What a policy reaches, workload by workload against the rivals; `run` evaluates it."""
        found = run(self.scenario, self.workloads)
        alone = run(self.scenario, self.workloads[:1])
        return self._against_oracle(found) | {
            "difference_to_best_rule_percent": self._percent(found.served, self.played[self.best_rule].served),
            "decision_alone_us": 1e6 * alone.decision_s,
            "served": int(found.served.sum()),
            "served_on_check_episodes": int(found.served[:CHECK_EPISODES].sum()),
        }

    def as_record(self) -> dict[str, Any]:
        """The rivals themselves."""
        rules = {key: self._against_oracle(found) for key, found in self.played.items() if key != self.oracle_key}
        oracle = self.played[self.oracle_key]
        return {
            "episodes": len(self.workloads),
            "seed": self.seed,
            "oracle": self.oracle_key,
            "oracle_served": int(oracle.served.sum()),
            "oracle_reward": float(oracle.reward.mean()),
            "oracle_decision_us": 1e6 * oracle.decision_s,
            "tuned": self.tuned,
            "rules": rules,
            "best_rule": self.best_rule,
            "hindsight_episodes": 0 if self.hindsight is None else len(self.hindsight.served),
        }

    def _against_oracle(self, found: RollOut) -> dict[str, Any]:
        oracle = self.played[self.oracle_key].served
        record = {
            "percent_of_oracle": 100.0 * float(found.served.sum() / max(1, oracle.sum())),
            "difference_to_oracle_percent": self._percent(found.served, oracle),
            "reward": float(found.reward.mean()),
            "decision_us": 1e6 * found.decision_s,
        }
        if self.hindsight is not None:
            known = len(self.hindsight.served)
            goals = {"schedule": self.hindsight.served, "bound": self.hindsight.upper_bound}
            record["percent_of_hindsight"] = {
                name: 100.0 * float(found.served[:known].sum() / max(1, served.sum())) for name, served in goals.items()
            }
        return record

    def _percent(self, served: NDArray[np.int64], other: NDArray[np.int64]) -> dict[str, float]:
        """Mean paired difference with its 95 % interval, in percent of the oracle's mean."""
        difference = paired_difference(served.astype(float), other.astype(float))
        mean = max(1.0, float(self.played[self.oracle_key].served.mean()))
        return difference.times(100.0 / mean)._asdict()
