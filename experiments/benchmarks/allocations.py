"""What oracles of allocations and continuous actions are worth."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import settings_of, write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts, check_episodes


@dataclass(frozen=True)
class Allocation:
    """Replay each oracle's action, try to serve more, and compare random, simple and exact allocations."""

    replayed: int = 1000
    """States in which the oracle's action is replayed."""
    contested: int = 200
    """States in which other actions are tried."""
    actions: int = 10_000
    """Random actions in each of these."""
    rounds: int = 50
    """Rounds of the local search from the oracle's own action in each of these, 64 actions a round."""
    episodes: int = 40
    """Workloads of the comparison."""
    seed: int = 0
    """Sets the workloads and the actions."""
    results: OutputFolder = Path("results")
    """Folder of allocation_checks.json."""

    def run(self) -> int:
        """Check, write and print; 1 if an oracle did not keep its word."""
        from experiments.allocation.cases import check_cases, separations

        check_counts(replayed=self.replayed, contested=self.contested, actions=self.actions, rounds=self.rounds)
        check_counts(episodes=self.episodes)
        checks = {}
        for name, check in check_cases(self.replayed, self.contested, self.actions, self.rounds, self.seed):
            checks[name] = check
            print(f"{name}: {json.dumps(check)}", file=sys.stderr)
        report = {"settings": settings_of(self), "checks": checks, "separation": separations(self.episodes, self.seed)}
        print(write_record(self.results / "allocation_checks.json", report), end="")
        return int(any(check["replay"]["wrong"] or check["contest"]["above_bound"] for check in checks.values()))


@dataclass(frozen=True)
class Trials:
    """Let plain PPO and SAC learn with each way to say an allocation, and compare before and after; what the results
    have already is kept.
    """

    parametrizations: tuple[str, ...] = ()
    """All of them if none is given."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One run of each algorithm each."""
    episodes: int = 20
    """Held-out workloads."""
    results: OutputFolder = Path("results")
    """Folder of allocation_trials.json."""

    def run(self) -> None:
        """Learn, judge, write and print after each."""
        from edge_llm_agents.records.record import read_record
        from edge_llm_env.support.naming import one_of
        from experiments.allocation.trials import PARAMETRIZATIONS, references, trials

        check_counts(episodes=self.episodes)
        names = self.parametrizations or tuple(PARAMETRIZATIONS)
        for name in names:
            one_of("parametrizations", name, PARAMETRIZATIONS)
        file = self.results / "allocation_trials.json"
        report: dict[str, Any] = (
            read_record(file) if file.exists() else {"episodes": self.episodes, "references": {}, "runs": []}
        )
        check_episodes(self.episodes, report["episodes"], file)
        for name in names:
            report["references"].setdefault(name, references(name, episodes=self.episodes))
        for run in trials(names, self.seeds, report["runs"], episodes=self.episodes):
            report["runs"].append(run)
            print(json.dumps(run), flush=True)
            write_record(file, report)
