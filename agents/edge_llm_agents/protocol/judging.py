"""What counts of a policy, of the reference rule and of the bound, on the workloads of a split."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Any, NamedTuple

from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.records.hashes import environment_sha256
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.batches import bounds_of_batches
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_env.scenarios import Scenario, ScenarioError
from edge_llm_env.workload.workload import Workload

Gained = list[int] | list[float]
"""What counts on each workload: requests served, or the reward where an environment ranks by that."""


class Task(NamedTuple):
    """An environment and the workloads that all policies of a task play."""

    env_id: str
    workload_set: WorkloadSet
    bounded: int
    """Of the workloads, so many of the first that the bound is computed on."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.workload_set.scenario

    def __hash__(self) -> int:
        return hash((self.env_id, self.scenario.fingerprint(), *self.workload_set[1:], self.bounded))

    def identity(self) -> dict[str, Any]:
        """What results follow from, beside the policy and versions."""
        return self.workload_set.identity() | {"environment_sha256": environment_sha256(self.env_id)}

    def played_by(self, source: Source) -> Gained:
        """What a policy reaches. Raises DoesNotPlayError where it is not for the environment or the scenario."""
        return gained(self.env_id, source.policy(self.env_id, self.scenario), self.scenario, self.workload_set.draw())

    def reference(self) -> dict[str, Any]:
        """What the environment's reference rule reaches, tuned for the scenario by the seed of the workloads."""
        baselines = baselines_of(self.env_id)
        tuned, make_policy = baselines.tuned_oracle(self.scenario, self.workload_set.seed)
        found = gained(baselines.solved_in or self.env_id, make_policy, self.scenario, self.workload_set.draw())
        return {"policy": baselines.reference, "tuned": tuned, "gained": found}

    def bound(self) -> Gained:
        """What no policy exceeds on each of the first `bounded` workloads; empty where nobody knows."""
        baselines, known = baselines_of(self.env_id), self.workload_set.draw()[: self.bounded]
        if baselines.earning is not None:
            return [float(baselines.earning.most(self.scenario, workload)) for workload in known]
        # Of agent tasks only the hindsight of batches and of iterations is a bound.
        of_tasks = baselines.hindsight in (bounds_of_batches, hindsight_of_iterations)
        of_these = self.scenario.workload.tasks is None or of_tasks
        if baselines.hindsight is None or not of_these or not known:
            return []
        try:
            return list(map(int, baselines.hindsight(self.scenario, known).upper_bound))
        except ScenarioError:  # no bound of this scenario is known
            return []


class Yardstick(NamedTuple):
    """What policies of a task are held against."""

    reference: dict[str, Any]
    """The reference rule, its tuned numbers, and what it gains."""
    bound: Gained
    """What nobody exceeds on each of the first workloads."""

    @classmethod
    def of(cls, task: Task) -> Yardstick:
        """That of a task, played and bounded."""
        return cls(task.reference(), task.bound())


def same(recorded: Gained, found: Gained) -> bool:
    """Whether two lists of what counts are the same: requests exactly, sums of rewards to nine digits."""
    return len(recorded) == len(found) and all(
        isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) for one, other in zip(recorded, found, strict=True)
    )


def gained(env_id: str, make_policy: MakePolicy, scenario: Scenario, workloads: Sequence[Workload]) -> Gained:
    """What counts of a policy on each workload; raises DoesNotPlayError for one of another environment."""
    earning = baselines_of(env_id).earning
    try:
        if earning is not None:
            return list(map(float, earning.play(make_policy, scenario, workloads).reward))
        return list(map(int, roll_out(make_policy, env_id, scenario, workloads).served))
    except ScenarioError as error:
        raise DoesNotPlayError(str(error)) from None
