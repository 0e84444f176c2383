"""How fast and how right the solvers of several nodes are."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts

SIZES = ((3, 30), (4, 60), (8, 60), (8, 120), (8, 200))
"""Nodes and requests that time and gap are told for."""


@dataclass(frozen=True)
class Assignments:
    """Compare branch and price with every assignment and HiGHS, measure GAH, and time all as problems grow."""

    instances: int = 300
    """Small instances of each of six families, against every assignment and HiGHS."""
    timed: int = 20
    """Instances of each kind of values that are timed beside HiGHS."""
    nodes: int = 3
    """Of those."""
    requests: int = 30
    """Of those."""
    growing: int = 5
    """Instances of each larger size; 0 for none."""
    time_limit_s: float = 30.0
    """For every solver, per instance."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of assignment_benchmark.json."""

    def run(self) -> int:
        """Compare, time, write and print; 1 if a solver was wrong."""
        from experiments.proofs.assignments import agreement
        from experiments.speed.assignments import beside_highs, growth

        check_counts(instances=self.instances, timed=self.timed, nodes=self.nodes, requests=self.requests)
        check_counts(least=0, growing=self.growing, time_limit_s=self.time_limit_s)
        report: dict[str, Any] = {"settings": {k: v for k, v in asdict(self).items() if k != "results"}}
        parts = {
            "agreement": agreement(self.instances, self.seed),
            "beside_highs": beside_highs(self.nodes, self.requests, self.timed, self.seed, self.time_limit_s),
            "growth": growth(SIZES if self.growing else (), self.growing, self.seed, self.time_limit_s),
        }
        for name, found in parts.items():
            report[name] = []
            for entry in found:
                report[name].append(entry)
                print(f"{name}: {json.dumps(entry)}", file=sys.stderr)
        print(write_record(self.results / "assignment_benchmark.json", report), end="")
        return int(any(entry["wrong"] for entry in report["agreement"]))


LARGE = ((3, 30), (4, 60), (8, 120), (8, 200), (20, 1000), (50, 3000), (100, 10_000))
"""Nodes and requests of growing networks."""


@dataclass(frozen=True)
class Scale:
    """Time GAH on networks of up to 100 nodes and 10,000 requests, and branch and price as far as it goes.

    Writes assignment_scale.json and prints it.
    """

    instances: int = 3
    """Of each size."""
    most_pairs: int = 20_000
    """Of nodes and requests that branch and price is timed with."""
    most_nodes: int = 100
    """Leaves out what is larger."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of assignment_scale.json."""

    def run(self) -> int:
        """Time, write and print."""
        from experiments.speed.scale import at_scale

        check_counts(instances=self.instances)
        check_counts(least=LARGE[0][0], most_nodes=self.most_nodes)
        check_counts(least=0, most_pairs=self.most_pairs)
        sizes = [size for size in LARGE if size[0] <= self.most_nodes]
        report: dict[str, Any] = {"settings": {k: v for k, v in asdict(self).items() if k != "results"}, "sizes": []}
        for entry in at_scale(sizes, self.most_pairs, self.instances, self.seed):
            report["sizes"].append(entry)
            print(f"scale: {json.dumps(entry)}", file=sys.stderr)
        print(write_record(self.results / "assignment_scale.json", report), end="")
        return 0
