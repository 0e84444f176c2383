"""What is to be computed: each job makes one cell, in whatever process it is sent to."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from agents.evaluation import evaluate
from agents.suite.cells import PREPARATION, Cell, identity_of
from agents.suite.hashes import code_sha256, combined_sha256
from agents.suite.rules import BOUNDED, Tuned
from agents.suite.sources import DoesNotPlayError, Source
from agents.suite.tape_sets import TapeSet
from agents.threads import set_thread_counts
from baselines import hindsight_bounds, tune_discount
from baselines.partitions import best_fixed_partition
from baselines.scenario_measurements import TUNING_EPISODES as PARTITION_TAPES
from baselines.tuning import TUNING_EPISODES
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream

HINDSIGHT, TUNING = "hindsight", "tuning"
"""Names of the cells that prepare a scenario."""


class Job(Protocol):
    """Something that makes a cell."""

    @property
    def cell(self) -> Cell:
        """The cell."""
        ...

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from."""
        ...

    def results(self) -> dict[str, Any]:
        """The cell's results, the same wherever and whenever they are computed but for times."""
        ...


def record_of(job: Job) -> dict[str, Any]:
    """A job's cell as it is stored."""
    return {"cell": asdict(job.cell), "identity": job.identity()} | job.results()


@dataclass(frozen=True)
class Playing:
    """A policy plays a scenario's tapes in an environment."""

    environment: str
    name: str
    seed: int
    source: Source
    tape_set: TapeSet
    workers: int
    """Jobs that run at the same time, which decision times depend on."""

    @property
    def cell(self) -> Cell:
        """The cell."""
        return Cell(self.environment, self.tape_set.scenario.name, self.name, self.seed)

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from."""
        policy_sha256 = combined_sha256(code_sha256("agents.evaluation"), self.source.sha256())
        return identity_of(self.tape_set, policy_sha256, self.source.packages)

    def results(self) -> dict[str, Any]:
        """What the policy reaches; raises DoesNotPlayError where it, or anybody, plays nothing."""
        set_thread_counts()
        scenario = self.tape_set.scenario
        if self.environment not in BOUNDED:
            try:
                scenario.check_variants_fit_a_module()
            except ValueError as error:
                raise DoesNotPlayError(str(error)) from None
        make_policy = self.source.policy(self.environment, scenario)
        workloads = self.tape_set.draw()
        found = evaluate(make_policy, self.environment, scenario, workloads)
        alone = evaluate(make_policy, self.environment, scenario, workloads[:1])
        return {
            "source": self.source.label,
            "learned": self.source.learned,
            "served": found.served.tolist(),
            "settled": int(found.settled.sum()),
            "expired": int(found.expired.sum()),
            "decision_us": 1e6 * found.decision_s,
            "decision_alone_us": 1e6 * alone.decision_s,
            "decided_on": {"machine": platform.machine(), "system": platform.system(), "jobs_at_once": self.workers},
        }


@dataclass(frozen=True)
class Hindsight:
    """What could have been served, knowing all arrivals."""

    tape_set: TapeSet

    @property
    def cell(self) -> Cell:
        """The cell."""
        return Cell(PREPARATION, self.tape_set.scenario.name, HINDSIGHT)

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from."""
        return identity_of(self.tape_set, code_sha256("baselines.hindsight"))

    def results(self) -> dict[str, Any]:
        """What the best schedule found serves on each tape, and what none exceeds."""
        bounds = hindsight_bounds(self.tape_set.scenario, self.tape_set.draw())
        return {"served": bounds.served.tolist(), "upper_bound": bounds.upper_bound.tolist()}


@dataclass(frozen=True)
class Tuning:
    """What of the rules is tuned for a scenario; its tapes are of the tuning stream."""

    tape_set: TapeSet

    @classmethod
    def of(cls, scenario: Scenario, seed: int) -> Tuning:
        """For a scenario."""
        return cls(TapeSet.of(scenario, TUNING_EPISODES, seed, Stream.TUNING))

    @property
    def cell(self) -> Cell:
        """The cell."""
        return Cell(PREPARATION, self.tape_set.scenario.name, TUNING)

    def identity(self) -> dict[str, Any]:
        """What the cell's results follow from."""
        return identity_of(self.tape_set, code_sha256("baselines.tuning", "baselines.partitions"))

    def results(self) -> dict[str, Any]:
        """The fields of `Tuned`."""
        scenario, workloads = self.tape_set.scenario, self.tape_set.draw()
        divided = len(scenario.variants) > 1
        fixed = best_fixed_partition(scenario, workloads[:PARTITION_TAPES]).shares.tolist() if divided else None
        return asdict(Tuned(tune_discount(scenario, self.tape_set.seed, self.tape_set.tapes), fixed))
