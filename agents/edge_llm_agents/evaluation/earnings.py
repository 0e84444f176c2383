"""What policies ranked by reward are held against on held-out workloads: all rules, and what a clairvoyant earns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edge_llm_agents.evaluation.references import CHECK_EPISODES
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.streams import draw_workloads


class EarningRivals:
    """Every baseline of an environment whose rewards count, tuned for a scenario, and what nobody earns more than.

    The best rule is that which earns most on these very workloads, of those that are told nothing which no observation
    shows. `report` is told each number as it is tuned and each rule as it has played, as both can take minutes. Raises
    ValueError for less than two workloads, and for an environment where requests served count.
    """

    def __init__(
        self,
        env_id: str,
        scenario: Scenario,
        episodes: int,
        seed: int,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        if episodes < 2:
            raise ValueError(f"episodes = {episodes}: must be at least 2")
        baselines = baselines_of(env_id)
        if baselines.earning is None:
            raise ValueError(f"env_id = {shown(env_id)}: counts requests served, must be one that counts rewards")
        self.env_id, self.scenario, self.seed = env_id, scenario, seed
        self.workloads = draw_workloads(scenario, episodes, seed)
        self._earning = baselines.earning
        self.oracle_key = baselines.oracle
        self.tuned: dict[str, Any] = {}
        for tunable in baselines.tunables:
            self.tuned[tunable.name] = tunable.tune(scenario, seed)
            report(f"tuned {tunable.name}: {self.tuned[tunable.name]}")
        self.played: dict[str, Earned] = {}
        for key, rule in baselines.playable(scenario, self.tuned).items():
            self.played[key] = self.play(rule.acting(seed, rule.of(self.tuned)))
            report(f"played {key}: reward {self.played[key].reward.mean():.1f}")
        told_nothing = [key for key in self.played if not baselines.rules[key].informed]
        self.best_rule = max(told_nothing, key=lambda key: float(self.played[key].reward.sum()))
        self.most = np.array([self._earning.most(scenario, workload) for workload in self.workloads])

    def play(self, make_policy: MakePolicy) -> Earned:
        """What a policy earns on the workloads."""
        return self._earning.play(make_policy, self.scenario, self.workloads)

    def judge(self, make_policy: MakePolicy) -> dict[str, Any]:
        """What a policy earns, workload by workload against the rivals."""
        found = self.play(make_policy)
        return self._said(found) | {
            "served": int(found.served.sum()),
            "served_on_check_episodes": int(found.served[:CHECK_EPISODES].sum()),
        }

    def as_record(self) -> dict[str, Any]:
        """The rivals themselves."""
        return {
            "episodes": len(self.workloads),
            "seed": self.seed,
            "oracle": self.oracle_key,
            "tuned": self.tuned,
            "rules": {key: self._said(found) for key, found in self.played.items()},
            "best_rule": self.best_rule,
            "most_reward": float(self.most.mean()),
        }

    def _said(self, found: Earned) -> dict[str, Any]:
        best = self.played[self.best_rule].reward
        gap = float((self.most - best).sum())
        return {
            "reward": float(found.reward.mean()),
            "percent_of_oracle": 100.0 * float(found.reward.sum() / self.played[self.oracle_key].reward.sum()),
            "difference_to_best_rule": paired_difference(found.reward, best)._asdict(),
            "gap_closed_percent": 100.0 * float((found.reward - best).sum()) / gap if gap > 0 else None,
            "served_percent": 100.0 * found.served_share,
        } | found.means
