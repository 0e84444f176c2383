"""Scores of submissions: in percent of the reference rule, and normalised between it and the bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.protocol.rules import BUDGETS, COMPETES, KNOWLEDGE
from edge_llm_agents.records.aggregates import Scores

TASK = ("scenario_fingerprint", "episodes", "workload_seed", "workloads_sha256", "environment_sha256")
"""What of their identities records must share to be compared."""

THRESHOLDS = (95.0, 100.0)
"""In percent of the reference rule on validation workloads: what reaching is told in decisions and seconds."""


class Entrant(NamedTuple):
    """A policy of a task, with the runs of all its training seeds."""

    name: str
    runs: Sequence[Mapping[str, Any]]
    knows: str
    budget: str

    @property
    def ranked(self) -> bool:
        """Whether it competes, and is no clairvoyant."""
        return self.knows in COMPETES

    @property
    def over_budget(self) -> bool:
        """Whether one of its runs used more than its budget."""
        return any(run["over_budget"] for run in self.runs)

    @property
    def gained(self) -> NDArray[np.float64]:
        """(seeds, workloads) what counts."""
        return np.array([run["gained"] for run in self.runs], dtype=np.float64)

    def median_of(self, name: str) -> float | None:
        """Median over training seeds of `decisions` or `wall_s`; None where one is not known."""
        values = [run[name] for run in self.runs]
        return None if None in values else float(median(values))

    def reached(self, percent: float) -> dict[str, float] | None:
        """Median over training seeds of the `decisions` and `wall_s` at which a curve first is at a threshold.

        None where a run has no curve that reaches it.
        """
        firsts = [
            next((point for point in run["curve"] if point["percent_of_reference"] >= percent), None)
            for run in self.runs
        ]
        known = [point for point in firsts if point is not None]
        if len(known) < len(firsts):
            return None
        return {name: float(median(point[name] for point in known)) for name in ("decisions", "wall_s")}


class Compared(NamedTuple):
    """All that was submitted of a task: an environment, a scenario and a split."""

    environment: str
    scenario: str
    split: str
    identity: Mapping[str, Any]
    """Of TASK, the same in all records."""
    content: Mapping[str, Any] | None
    """Of the scenario; None for a preset, which its name says."""
    versions: Sequence[Mapping[str, str]]
    """By name of a package, of each record."""
    reference: NDArray[np.float64]
    """(E,) what the reference rule reaches."""
    reference_name: str
    bound: NDArray[np.float64]
    """(B,) what no policy exceeds on the first workloads; none where nobody knows."""
    entrants: Sequence[Entrant]

    def percent(self, entrant: Entrant) -> Scores:
        """(seeds, 1, workloads) in percent of the reference on the same workload."""
        return (100.0 * entrant.gained / np.maximum(1.0, self.reference))[:, None, :]

    def normalised(self, entrant: Entrant) -> Scores | None:
        """(seeds, 1, B) 0 where the reference stands and 1 where the bound does.

        What is gained over the reference on a workload, divided by the mean over workloads of what the bound is above
        it: workload by workload the divisor would be 0 where the reference is the best. None without a bound above it.
        """
        count = len(self.bound)
        room = float((self.bound - self.reference[:count]).mean()) if count else 0.0
        if room <= 0.0:
            return None
        return ((entrant.gained[:, :count] - self.reference[:count]) / room)[:, None, :]

    def of_reference(self) -> Entrant:
        """The reference rule as an entrant of one run."""
        run = {"gained": self.reference, "over_budget": False, "decisions": 0, "wall_s": None, "curve": []}
        return Entrant(self.reference_name, [run], "nothing", "small")


def compared(records: Sequence[Mapping[str, Any]]) -> list[Compared]:
    """Records put side by side, those of one task together; of one policy all training seeds, each once.

    A task is the same where all of TASK is, and the split. The latest record of a policy and training seed counts.
    """
    tasks: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        cell, identity = record["cell"], record["identity"]
        key = (cell["environment"], cell["scenario"], record["claim"]["split"], *(identity[name] for name in TASK))
        tasks.setdefault(key, []).append(record)
    found = []
    for (environment, scenario, split, *_), together in sorted(tasks.items(), key=lambda pair: str(pair[0])):
        most = max(together, key=lambda record: len(record["bound"]))
        policies: dict[str, list[Mapping[str, Any]]] = {}
        for record in together:
            policies.setdefault(record["cell"]["policy"], []).append(record)
        entrants = [_entrant(name, own) for name, own in policies.items()]
        found.append(
            Compared(
                environment,
                scenario,
                split,
                {name: most["identity"][name] for name in TASK},
                most["scenario"],
                [record["provenance"]["versions"] for record in together],
                np.array(most["reference"]["gained"], dtype=np.float64),
                most["reference"]["policy"],
                np.array(most["bound"], dtype=np.float64),
                entrants,
            )
        )
    return found


def _entrant(name: str, records: Sequence[Mapping[str, Any]]) -> Entrant:
    """A policy of all its records; it knows what the best informed of them does, and has the largest budget."""
    runs = {run["seed"]: run for record in records for run in record["runs"]}
    knows = max((record["claim"]["knows"] for record in records), key=list(KNOWLEDGE).index)
    budget = max((record["claim"]["budget"] for record in records), key=list(BUDGETS).index)
    return Entrant(name, [runs[seed] for seed in sorted(runs)], knows, budget)
