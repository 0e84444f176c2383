"""The finished cells of a suite, put side by side: what the leaderboard is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.leaderboard.jobs import HINDSIGHT, bounded_by_batches
from edge_llm_agents.records.aggregates import Scores, as_scores
from edge_llm_agents.records.cells import PREPARATION, Cell, cell_files, changes, read_cell
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.registration import ENVIRONMENTS

Record = dict[str, Any]

SAME_TASK = ("scenario_fingerprint", "episodes", "workload_seed", "workloads_sha256", "environment_sha256")
"""What of their identities two cells must share to be compared."""

SAME_SCENARIO = ("scenario_fingerprint", "workload_seed")
"""What hindsight's must share, whose workloads are the first ones."""


class Board(NamedTuple):
    """One environment's cells that can be compared: on the same workloads, by the same code."""

    environment: str
    policies: dict[str, dict[str, list[Record]]]
    """Name → scenario → a record per training seed; the reference's own scenarios are those that there are."""
    bounds: dict[str, NDArray[np.int64]]
    """Scenario → (H,) what no policy serves more of on the first workloads; empty where there is no such bound."""

    @property
    def reference(self) -> str:
        """Name of the policy that all others are held against."""
        return baselines_of(self.environment).reference

    @property
    def picture(self) -> str:
        """File name of its performance profiles."""
        return f"profiles-{self.environment.rpartition('/')[2]}.png"

    @property
    def scenarios(self) -> list[str]:
        """Those that the reference has played."""
        return list(self.policies[self.reference])

    def records(self, policy: str) -> list[Record]:
        """Of all scenarios and training seeds."""
        return [record for runs in self.policies[policy].values() for record in runs]

    def seeds(self, policy: str) -> int | None:
        """Training seeds of a policy in every one of its scenarios; None where it was not trained."""
        fewest = min(len(runs) for runs in self.policies[policy].values())
        return fewest if any(record["learned"] for record in self.records(policy)) else None

    def scores(self, policy: str, scenarios: Sequence[str]) -> Scores:
        """What counts, requests served or the reward, in percent of the reference's on the same workload."""
        references = {scenario: np.maximum(1, self.gained(self.reference, scenario)[0]) for scenario in scenarios}
        return as_scores(
            [[100.0 * run / references[scenario] for run in self.gained(policy, scenario)] for scenario in scenarios]
        )

    def gaps(self, policy: str, scenarios: Sequence[str]) -> Scores | None:
        """What is missing to hindsight's bound, in percent of it, on the workloads that have one; None without any."""
        if not set(scenarios) <= self.bounds.keys():
            return None
        return as_scores(
            [
                [100.0 * (1.0 - run[: len(bound)] / np.maximum(1, bound)) for run in self.served(policy, scenario)]
                for scenario, bound in ((scenario, self.bounds[scenario]) for scenario in scenarios)
            ]
        )

    def served(self, policy: str, scenario: str) -> list[NDArray[np.int64]]:
        """Requests served on each workload, by training seed."""
        return [np.array(record["served"]) for record in self.policies[policy][scenario]]

    def gained(self, policy: str, scenario: str) -> list[NDArray]:
        """What counts on each workload, by training seed: the reward where an environment is of that, else served."""
        return [np.array(record.get("reward", record["served"])) for record in self.policies[policy][scenario]]

    @property
    def counted(self) -> str:
        """What counts, in a word."""
        return "served" if baselines_of(self.environment).earning is None else "reward"

    def groups(self) -> list[tuple[list[str], list[str]]]:
        """Sets of scenarios with the policies that have played all of a set: all scenarios first.

        Another set for each policy that has not played all; aggregates over different scenarios cannot be compared.
        """
        played = {tuple(one for one in self.scenarios if one in runs) for runs in self.policies.values()}
        return [
            (list(scenarios), [name for name, runs in self.policies.items() if set(scenarios) <= runs.keys()])
            for scenarios in sorted(played, key=lambda one: (-len(one), one))
        ]


def read_boards(folder: Path, report: Callable[[str], None]) -> list[Board]:
    """The boards of all environments that have a reference's cell, from the cells below a folder.

    Cells that cannot be compared with the reference's are left out, with a line for each. Raises ValueError for a file
    that is no cell, and where there is no board to make.
    """
    records = [read_cell(path) for path in cell_files(folder)]
    cells = {Cell(**record["cell"]): record for record in sorted(records, key=lambda record: record["cell"]["seed"])}
    boards = []
    for environment in ENVIRONMENTS:
        reference, bounded = baselines_of(environment).reference, bounded_by_batches(environment)
        mine = {cell: record for cell, record in cells.items() if cell.environment == environment}
        held_against = {cell.scenario: record for cell, record in mine.items() if cell.policy == reference}
        bounds = {}
        for scenario, record in held_against.items():
            known = cells.get(Cell(PREPARATION, scenario, HINDSIGHT))
            if bounded and known is not None and _comparable(known, record, SAME_SCENARIO, report):
                bounds[scenario] = np.array(known["upper_bound"])
        policies: dict[str, dict[str, list[Record]]] = {
            reference: {scenario: [record] for scenario, record in held_against.items()}
        }
        for cell, record in mine.items():
            if cell.scenario not in held_against:
                report(f"{cell}: left out: there is no {reference} to hold it against")
            elif cell.policy != reference and _comparable(record, held_against[cell.scenario], SAME_TASK, report):
                policies.setdefault(cell.policy, {}).setdefault(cell.scenario, []).append(record)
        if held_against:
            boards.append(Board(environment, policies, bounds))
    if not boards:
        raise ValueError(f"results = {folder}: has no cell of a reference")
    return boards


def _comparable(record: Record, reference: Record, names: Sequence[str], report: Callable[[str], None]) -> bool:
    """Whether a cell has the same of what is named as the reference's; if not, it is said."""
    wanted = {name: reference["identity"][name] for name in names}
    differs = changes(wanted, record["identity"])
    if differs:
        report(f"{Cell(**record['cell'])}: left out: not comparable with the reference: {differs}")
    return not differs
