"""The policy that `edge-llm compare` trains, when its turn to play has come."""

from __future__ import annotations

from typing import Any

from edge_llm_agents.evaluation.progress import Report
from edge_llm_agents.training.train import algorithms_for, train
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.scenarios import Scenario


class Fresh:
    """A policy that is trained the first time that it is to act, after all that takes less time has been finished."""

    def __init__(
        self,
        env_id: str,
        scenario: Scenario,
        algorithm: str | None,
        steps: int | None,
        seed: int,
        report: Report,
    ) -> None:
        self.env_id, self.scenario = env_id, scenario
        self._algorithm = algorithm or algorithms_for(env_id)[0]
        self._steps, self._seed, self._report = steps, seed, report
        self._trained: Any = None

    @property
    def name(self) -> str:
        """In tables."""
        called = "MaskablePPO" if self._algorithm.startswith("ppo_mask") else self._algorithm
        return f"{called}, fresh"

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment, trained first if it is not yet."""
        if self._trained is None:
            self._trained = train(
                self.env_id, self.scenario, self._algorithm, seed=self._seed, steps=self._steps, report=self._report
            )
        policy: Policy = self._trained.acting(env)
        return policy
