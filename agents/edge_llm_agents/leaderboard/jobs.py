"""What is to be computed: each job makes one cell, in whatever process it is sent to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.records.cells import PREPARATION, Cell, changes
from edge_llm_agents.records.hashes import code_sha256, combined_sha256, environment_sha256, function_sha256
from edge_llm_agents.records.record import provenance, versions
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_baselines import hindsight_bounds
from edge_llm_baselines.hindsight.hindsight import one_model_bounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.bands import bounds_of_bands
from edge_llm_baselines.registry.baseline import Tunable
from edge_llm_baselines.registry.batches import bounds_of_batches
from edge_llm_baselines.registry.registered import baselines_of, tunables
from edge_llm_baselines.rules.tuning import TUNING_EPISODES
from edge_llm_env.scenarios import Scenario, ScenarioError
from edge_llm_env.workload.streams import Stream
from edge_llm_env.workload.workload import Workload

HINDSIGHT, TUNING = "hindsight", "tuning"
"""Names of the cells that prepare a scenario."""


class Job(Protocol):
    """Something that makes a cell."""

    @property
    def cell(self) -> Cell:
        """The cell."""
        ...

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from, beside versions."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages whose versions they may depend on, beside those of every record."""
        ...

    def results(self) -> dict[str, Any]:
        """The cell's results, the same wherever and whenever they are computed but for times."""
        ...


def record_of(job: Job) -> dict[str, Any]:
    """A job's cell as it is stored."""
    said = {"cell": asdict(job.cell), "identity": job.identity(), "provenance": provenance(job.packages)}
    return said | job.results()


def changes_of(job: Job, record: dict[str, Any]) -> str:
    """What of a cell's identity or versions is another now, in words; empty where it is not stale."""
    said = (
        changes(job.identity(), record["identity"]),
        changes(versions(job.packages), record["provenance"]["versions"]),
    )
    return ", ".join(filter(None, said))


@dataclass(frozen=True)
class Playing:
    """A policy plays a scenario's workloads in an environment."""

    environment: str
    name: str
    seed: int
    source: Source
    workload_set: WorkloadSet
    workers: int
    """Jobs that run at the same time, which decision times depend on."""

    @property
    def cell(self) -> Cell:
        """The cell."""
        return Cell(self.environment, self.workload_set.scenario.name, self.name, self.seed)

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from."""
        return self.workload_set.identity() | {
            "policy_sha256": combined_sha256(code_sha256(roll_out.__module__), self.source.sha256(self.environment)),
            "environment_sha256": environment_sha256(self.environment),
        }

    @property
    def packages(self) -> tuple[str, ...]:
        """The policy's."""
        return self.source.packages

    def results(self) -> dict[str, Any]:
        """What the policy reaches; raises DoesNotPlayError where it, or anybody, plays nothing."""
        set_thread_counts()
        scenario = self.workload_set.scenario
        make_policy = self.source.policy(self.environment, scenario)
        workloads = self.workload_set.draw()
        try:
            found = roll_out(make_policy, self.environment, scenario, workloads)
        except ScenarioError as error:
            raise DoesNotPlayError(str(error)) from None
        alone = roll_out(make_policy, self.environment, scenario, workloads[:1])
        return {
            "source": self.source.label,
            "learned": self.source.learned,
            "served": found.served.tolist(),
            "settled": int(found.settled.sum()),
            "expired": int(found.expired.sum()),
            "decision_us": 1e6 * found.decision_s,
            "decision_alone_us": 1e6 * alone.decision_s,
            "jobs_at_once": self.workers,
        } | self._earned(make_policy, scenario, workloads)

    def _earned(self, make_policy: MakePolicy, scenario: Scenario, workloads: Sequence[Workload]) -> dict[str, Any]:
        """What counts instead of requests served, where something does."""
        earning = baselines_of(self.environment).earning
        if earning is None:
            return {}
        found = earning.play(make_policy, scenario, workloads)
        return {"reward": found.reward.tolist()} | found.means


def bounded_by_batches(env_id: str) -> bool:
    """Whether no policy of an environment exceeds the bound of batches of one model, which is all that cells hold."""
    return baselines_of(env_id).hindsight in (hindsight_bounds, bounds_of_batches, bounds_of_bands)


@dataclass(frozen=True)
class Hindsight:
    """What could have been served in batches of one model, knowing all arrivals."""

    workload_set: WorkloadSet
    packages: ClassVar[tuple[str, ...]] = ()

    @property
    def cell(self) -> Cell:
        """The cell."""
        return Cell(PREPARATION, self.workload_set.scenario.name, HINDSIGHT)

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from."""
        return self.workload_set.identity() | {"policy_sha256": code_sha256(hindsight_bounds.__module__)}

    def results(self) -> dict[str, Any]:
        """What the best schedule found serves on each workload, and what none exceeds.

        Raises DoesNotPlayError where requests are not served within an epoch each.
        """
        try:
            bounds = one_model_bounds(self.workload_set.scenario, self.workload_set.draw())
        except ScenarioError as error:
            raise DoesNotPlayError(str(error)) from None
        return {"served": bounds.served.tolist(), "upper_bound": bounds.upper_bound.tolist()}


@dataclass(frozen=True)
class Tuning:
    """What of the rules is tuned for a scenario; its workloads are of the tuning stream."""

    workload_set: WorkloadSet
    packages: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def of(cls, scenario: Scenario, seed: int) -> Tuning:
        """For a scenario."""
        return cls(WorkloadSet.of(scenario, TUNING_EPISODES, seed, Stream.TUNING))

    @property
    def cell(self) -> Cell:
        """The cell."""
        return Cell(PREPARATION, self.workload_set.scenario.name, TUNING)

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from."""
        code = combined_sha256(*(function_sha256(one.tune) for one in tunables()))
        return self.workload_set.identity() | {"policy_sha256": code}

    def results(self) -> dict[str, Any]:
        """The best value of everything that is tuned of any environment's baselines, by its name; None where the
        environment refuses the scenario.
        """
        return {"tuned": {tunable.name: self._tuned(tunable) for tunable in tunables()}}

    def _tuned(self, tunable: Tunable) -> Any:
        try:
            return tunable.tune(self.workload_set.scenario, self.workload_set.seed)
        except ScenarioError:
            return None
