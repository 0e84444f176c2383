"""The judge of learned policies: what they reach on held-out workloads, beside rivals that played them too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.rivals import Rivals, Tell, tell_nobody
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

CHECK_EPISODES = 10
"""Held-out workloads, the first ones, on which a test runs a shipped policy again."""

MakeRivals = Callable[[str, Scenario, int, Tell], Rivals]
"""From an environment's id, a scenario, a seed and who is told what has been tuned."""


class Played(Protocol):
    """What a policy did on E workloads."""

    @property
    def served(self) -> NDArray[np.int64]:
        """(E,) requests served."""
        ...

    @property
    def reward(self) -> NDArray[np.float64]:
        """(E,) the sum of an episode's rewards."""
        ...


Found = TypeVar("Found", bound=Played)
Most = TypeVar("Most")


class Measure(Protocol[Found, Most]):
    """How policies play, and which figures are said of them."""

    @property
    def counts(self) -> Literal["served", "reward"]:
        """What policies are ranked by."""
        ...

    def play(self, make_policy: MakePolicy, env_id: str, scenario: Scenario, workloads: Sequence[Workload]) -> Found:
        """A policy on workloads, in an environment."""
        ...

    def most(self, judge: Judge[Found, Most], workloads: Sequence[Workload]) -> Most:
        """What a clairvoyant reaches on workloads, the first of the judge's or none, when all rivals have played."""
        ...

    def figures(self, judge: Judge[Found, Most], found: Found) -> dict[str, Any]:
        """Of anybody who played."""
        ...

    def figures_of_learned(self, judge: Judge[Found, Most], found: Found, make_policy: MakePolicy) -> dict[str, Any]:
        """What is said of a learned policy besides."""
        ...

    def figures_of_rivals(self, judge: Judge[Found, Most]) -> dict[str, Any]:
        """Of those that are held against it."""
        ...

    def line(self, judge: Judge[Found, Most], run: dict[str, Any]) -> str:
        """A judged run, with its `seed` and `seconds`, for a reader."""
        ...


class Judge(Generic[Found, Most]):
    """Holds policies of an environment against rivals, on the same held-out workloads of a scenario.

    The best rule is that which reaches most on these very workloads, the hardest to beat. `stream` is the split that
    they are of; `tell` is told what has been tuned and who has played. Raises ValueError for less than two workloads,
    and for more in hindsight than there are.
    """

    def __init__(
        self,
        make_rivals: MakeRivals,
        measure: Measure[Found, Most],
        env_id: str,
        scenario: Scenario,
        episodes: int,
        hindsight_episodes: int,
        seed: int,
        *,
        stream: Stream = Stream.EVALUATION,
        tell: Tell = tell_nobody,
    ) -> None:
        if episodes < 2:
            raise ValueError(f"episodes = {episodes}: must be at least 2")
        if not 0 <= hindsight_episodes <= episodes:
            raise ValueError(f"hindsight_episodes = {hindsight_episodes}: must be in 0..{episodes}")
        self.measure, self.env_id, self.scenario, self.seed = measure, env_id, scenario, seed
        self.workloads = draw_workloads(scenario, episodes, seed, stream)
        self.rivals = make_rivals(env_id, scenario, seed, tell)
        self.played: dict[str, Found] = {}
        for key, make_policy in self.rivals.policies.items():
            self.played[key] = measure.play(make_policy, self.rivals.env_id, scenario, self.workloads)
            tell(f"played {key}: {measure.counts} {self._counted(key).mean():.1f}")
        self.best_rule = max(self.rivals.rules, key=lambda key: float(self._counted(key).sum()))
        self.most = measure.most(self, self.workloads[:hindsight_episodes])

    @property
    def oracle(self) -> Found:
        """What the rival did that figures are percentages of."""
        return self.played[self.rivals.oracle_key]

    @property
    def best(self) -> Found:
        """What the best rule did."""
        return self.played[self.best_rule]

    def judge(self, make_policy: MakePolicy) -> dict[str, Any]:
        """What a policy reaches, workload by workload against the rivals."""
        found = self.play(make_policy)
        return (
            self.measure.figures(self, found)
            | self.measure.figures_of_learned(self, found, make_policy)
            | {
                "served": int(found.served.sum()),
                "served_on_check_episodes": int(found.served[:CHECK_EPISODES].sum()),
            }
        )

    def play(self, make_policy: MakePolicy, episodes: int | None = None) -> Found:
        """What a policy does on the workloads, or on the first of them."""
        return self.measure.play(make_policy, self.env_id, self.scenario, self.workloads[:episodes])

    @cached_property
    def record(self) -> dict[str, Any]:
        """The rivals themselves."""
        return {"episodes": len(self.workloads), "seed": self.seed} | self.measure.figures_of_rivals(self)

    def line(self, run: dict[str, Any]) -> str:
        """A judged run, with its `seed` and `seconds`, for a reader."""
        return self.measure.line(self, run)

    def _counted(self, key: str) -> NDArray[Any]:
        """(E,) what counts, of a rival."""
        counted: NDArray[Any] = getattr(self.played[key], self.measure.counts)
        return counted
