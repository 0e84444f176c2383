"""How fast, how tight and how right solvers and bounds are."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_llm_agents.records.record import settings_of, write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts


@dataclass(frozen=True)
class Solvers:
    """Compare BranchAndBound with HiGHS and CP-SAT, and DFTSP with the unpruned tree; print tables."""

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
    results: OutputFolder = Path("results")
    """Folder of oracle_benchmark.json."""

    def run(self) -> None:
        """Measure, write and print."""
        from experiments.speed.exact import solvers
        from experiments.speed.exact.tables import pruning_table, ratio_table, solve_time_table

        check_counts(instances=self.instances, largest=self.largest, timed_instances=self.timed_instances)
        check_counts(timed_pending=self.timed_pending, node_limit=self.node_limit, epochs=self.epochs)
        check_counts(least=0, time_limit_s=self.time_limit_s)
        ratios, times = {}, {}
        for name, family in solvers.families(self.largest).items():
            print(f"{name} ...", file=sys.stderr)
            ratios[name] = solvers.compare_solvers(
                family, instances=self.instances, seed=self.seed, time_limit_s=self.time_limit_s
            )
        for name, family in solvers.timed_families(self.timed_pending).items():
            print(f"{name} ...", file=sys.stderr)
            times[name] = solvers.solve_times(
                family, instances=self.timed_instances, seed=self.seed + 1, node_limit=self.node_limit
            )
        pruned = []
        for scenario in solvers.PAPER_SCENARIOS:
            for precision in solvers.PAPER_PRECISIONS:
                for rate in solvers.PAPER_RATES_PER_S:
                    print(f"{scenario} {precision} {rate}/s ...", file=sys.stderr)
                    pruned.append(
                        solvers.pruning(scenario, precision, rate, epochs=self.epochs, node_limit=self.node_limit)
                    )
        report = {"ratios": ratios, "solve_times": times, "dftsp_against_unpruned_tree": pruned}
        write_record(self.results / "oracle_benchmark.json", report)
        said = "Time as a multiple of BranchAndBound's, geometric mean and worst\n" + ratio_table(ratios).text()
        print("\n\n".join((said, solve_time_table(times), pruning_table(pruned))))


@dataclass(frozen=True)
class Proofs:
    """Compare every exact solver with the others on many adversarial instances, and time the hard knapsack classes.

    The record has a part for each seed; parts that are there, of the same settings and version, are kept.
    """

    instances: int = 20_000
    """Instances of each of five families, of 1 to 10 requests, against all subsets, for each seed."""
    general: int = 112
    """Larger instances of each family and knapsack class, against HiGHS and CP-SAT, for each seed."""
    hard: int = 1
    """Instances of each knapsack class and size that are timed beside HiGHS, for each seed."""
    sizes: tuple[int, ...] = (50, 100, 200, 400)
    """Requests of these."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    results: OutputFolder = Path("results")
    """Folder of solver_proofs.json."""

    def run(self) -> int:
        """Compare, write after each seed, print; 1 if a solver was wrong."""
        from experiments.proofs.campaign import prove, wrong

        check_counts(instances=self.instances, general=self.general, hard=self.hard)
        settings = {k: v for k, v in asdict(self).items() if k not in ("results", "seeds")}
        file = self.results / "solver_proofs.json"
        parts = prove(file, settings, self.seeds, lambda line: print(line, file=sys.stderr))
        print(file.read_text(encoding="utf-8"), end="")
        return int(wrong(parts) > 0)


@dataclass(frozen=True)
class RooflineProofs:
    """Compare every solver with all subsets and with HiGHS where batches cost what the roofline model says."""

    instances: int = 4_000
    """Instances of 1 to 12 requests of each of five kinds of decoders, under many engines, formats and paddings."""
    cp_sat_every: int = 5
    """CP-SAT gets each so manieth."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of roofline_proofs.json."""

    def run(self) -> int:
        """Compare, write and print; 1 if a solver was wrong."""
        from experiments.proofs.roofline_agreement import against_all_subsets_and_highs

        check_counts(instances=self.instances, cp_sat_every=self.cp_sat_every)
        settings = settings_of(self)
        found = []
        for entry in against_all_subsets_and_highs(self.instances, self.seed, self.cp_sat_every):
            found.append(entry)
            print(json.dumps(entry), file=sys.stderr)
        print(write_record(self.results / "roofline_proofs.json", {"settings": settings, "decoders": found}), end="")
        return int(any(entry["wrong"] for entry in found))


@dataclass(frozen=True)
class Hindsight:
    """Compare hindsight's schedule and bound with DFTSP and the look-ahead rule, workload by workload."""

    scenario: str = "carry-over"
    """A preset's name."""
    rates_per_s: tuple[float, ...] = (5.0, 10.0)
    """Arrival rates, requests/s."""
    episodes: int = 20
    """Workloads per rate."""
    seed: int = 0
    """Sets the workloads."""
    results: OutputFolder = Path("results")
    """Folder of hindsight_benchmark.json."""

    def run(self) -> None:
        """Measure, write and print."""
        from experiments.speed.hindsight import hindsight_benchmark

        report = hindsight_benchmark(self.scenario, self.rates_per_s, self.episodes, self.seed)
        print(write_record(self.results / "hindsight_benchmark.json", report), end="")
