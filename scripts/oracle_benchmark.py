"""Measure the exact solvers, print tables and write them as JSON: python scripts/oracle_benchmark.py."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)

for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_pool, "1")  # every solver on a single thread; before NumPy and Numba are imported

import tyro  # noqa: E402

from edge_llm_agents.records.record import write_record  # noqa: E402
from experiments.speed.solver_tables import pruning_table, ratio_table, solve_time_table  # noqa: E402
from experiments.speed.solvers import (  # noqa: E402
    PAPER_PRECISIONS,
    PAPER_RATES_PER_S,
    PAPER_SCENARIOS,
    compare_solvers,
    families,
    pruning,
    solve_times,
    timed_families,
)


@dataclass(frozen=True)
class Options:
    """Compare BranchAndBound with HiGHS and CP-SAT, and DFTSP with the unpruned tree."""

    instances: int = 4
    """Instances of each family and size that all solvers get."""
    largest: int = 1000
    """Most pending requests."""
    time_limit_s: float = 20.0
    """For HiGHS and CP-SAT, per instance."""
    timed_instances: int = 100
    """Instances of each combination for the 99th percentile of BranchAndBound's solve time."""
    timed_pending: int = 400
    """Pending requests of those."""
    node_limit: int = 1_000_000
    """Nodes per epoch, for the unpruned tree above all."""
    epochs: int = 5
    """Epochs per setting of the pruning table."""
    seed: int = 0
    results: Path = Path("results")
    """Folder of oracle_benchmark.json."""


def main(options: Options) -> int:
    """Measure, write and print; the exit status."""
    ratios, times = {}, {}
    for name, family in families(options.largest).items():
        print(f"{name} ...", file=sys.stderr)
        ratios[name] = compare_solvers(
            family, instances=options.instances, seed=options.seed, time_limit_s=options.time_limit_s
        )
    for name, family in timed_families(options.timed_pending).items():
        print(f"{name} ...", file=sys.stderr)
        times[name] = solve_times(
            family, instances=options.timed_instances, seed=options.seed + 1, node_limit=options.node_limit
        )
    pruned = []
    for scenario in PAPER_SCENARIOS:
        for precision in PAPER_PRECISIONS:
            for rate in PAPER_RATES_PER_S:
                print(f"{scenario} {precision} {rate}/s ...", file=sys.stderr)
                pruned.append(pruning(scenario, precision, rate, epochs=options.epochs, node_limit=options.node_limit))
    report = {"ratios": ratios, "solve_times": times, "dftsp_against_unpruned_tree": pruned}
    write_record(options.results / "oracle_benchmark.json", report)
    print("\n\n".join((ratio_table(ratios), solve_time_table(times), pruning_table(pruned))))
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
