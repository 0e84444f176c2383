"""Measure speeds and check solvers: python scripts/benchmark.py environments."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import repository  # noqa: F401 (makes experiments importable)

if sys.argv[1:2] in (["solvers"], ["proofs"], ["model"]):
    for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(_pool, "1")  # solvers and fits on a single thread; before NumPy and Numba are imported

from edge_llm_agents.commands.running import Command, run_command
from edge_llm_agents.records.record import write_record


@dataclass(frozen=True)
class Environments:
    """Measure steps per second of every environment beside CartPole's, the phases of a step, import time and first
    compilation; print them as JSON.
    """

    scenario: str = "carry-over"
    """A preset's name."""
    rows: int = 1024
    """Rows of the vector environment."""
    seconds: float = 5.0
    """Duration of each measurement."""
    repeats: int = 3
    """Measurements of each speed; the median is reported with the least and the most."""
    results: Path = Path("results")
    """Folder of benchmark.json."""

    def run(self) -> None:
        """Measure, write and print."""
        from experiments.speed.environments import benchmark

        report = benchmark(self.scenario, rows=self.rows, seconds=self.seconds, repeats=self.repeats)
        print(write_record(self.results / "benchmark.json", report), end="")


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
    results: Path = Path("results")
    """Folder of oracle_benchmark.json."""

    def run(self) -> None:
        """Measure, write and print."""
        from experiments.speed import solvers
        from experiments.speed.solver_tables import pruning_table, ratio_table, solve_time_table

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
        print("\n\n".join((ratio_table(ratios), solve_time_table(times), pruning_table(pruned))))


@dataclass(frozen=True)
class Proofs:
    """Compare every exact solver with the others on many adversarial instances, and time the hard knapsack classes."""

    instances: int = 40_000
    """Instances of each of five families, of 1 to 10 requests, against all subsets."""
    general: int = 150
    """Larger instances of each family and knapsack class, against HiGHS and CP-SAT."""
    hard: int = 4
    """Instances of each knapsack class and size that are timed beside HiGHS."""
    sizes: tuple[int, ...] = (50, 100, 200, 400)
    """Requests of these."""
    seed: int = 0
    results: Path = Path("results")
    """Folder of solver_proofs.json."""

    def run(self) -> int:
        """Compare, write and print; 1 if a solver was wrong."""
        from experiments.proofs.agreement import against_all_subsets, against_general_solvers, hard_class_times

        report: dict[str, Any] = {"settings": {k: v for k, v in asdict(self).items() if k != "results"}}
        parts = {
            "all_subsets": against_all_subsets(self.instances, self.seed),
            "general_solvers": against_general_solvers(self.general, self.seed),
            "hard_classes": hard_class_times(self.sizes, self.hard, self.seed),
        }
        for name, found in parts.items():
            report[name] = []
            for entry in found:
                report[name].append(entry)
                print(f"{name}: {json.dumps(entry)}", file=sys.stderr)
        print(write_record(self.results / "solver_proofs.json", report), end="")
        return int(any(entry.get("wrong") for name in parts for entry in report[name]))


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
    results: Path = Path("results")
    """Folder of hindsight_benchmark.json."""

    def run(self) -> None:
        """Measure, write and print."""
        from experiments.speed.hindsight import hindsight_benchmark

        report = hindsight_benchmark(self.scenario, self.rates_per_s, self.episodes, self.seed)
        print(write_record(self.results / "hindsight_benchmark.json", report), end="")


@dataclass(frozen=True)
class Training:
    """Train as `make compare` does, once per seed, timed, and judge each policy on held-out workloads."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    algo: str = "ppo_mask_imitation"
    """Name of a file of hyperparameters that comes with the package."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One run each."""
    evaluation_episodes: int = 200
    """Held-out workloads."""
    results: Path = Path("results")
    """Folder of training_benchmark.json."""

    def run(self) -> None:
        """Train, judge, write and print after each."""
        from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
        from edge_llm_agents.masked_ppo.settings import ENV_ID
        from experiments.learning.held_out import HeldOut, as_line

        settings = replace(read_settings(ENV_ID, self.scenario, self.algo), hindsight_episodes=0)
        held_out = HeldOut(self.scenario, self.evaluation_episodes)
        runs: list[dict[str, Any]] = []
        report = {
            "settings": {name: value for name, value in asdict(self).items() if name != "results"},
            "training": {name: value for name, value in asdict(settings).items() if name != "seed"},
            "runs": runs,
        }
        for seed in self.seeds:
            runs.append(held_out.train(replace(settings, seed=seed)))
            print(as_line(runs[-1]), flush=True)
            write_record(self.results / "training_benchmark.json", report)


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
    results: Path = Path("results")
    """Folder of allocation_checks.json."""

    def run(self) -> int:
        """Check, write and print; 1 if an oracle did not keep its word."""
        from experiments.allocation.cases import check_cases, separations

        checks = {}
        for name, check in check_cases(self.replayed, self.contested, self.actions, self.rounds, self.seed):
            checks[name] = check
            print(f"{name}: {json.dumps(check)}", file=sys.stderr)
        settings = {name: value for name, value in asdict(self).items() if name != "results"}
        report = {"settings": settings, "checks": checks, "separation": separations(self.episodes, self.seed)}
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
    results: Path = Path("results")
    """Folder of allocation_trials.json."""

    def run(self) -> None:
        """Learn, judge, write and print after each."""
        from edge_llm_agents.records.record import read_record
        from edge_llm_env.support.naming import one_of
        from experiments.allocation.trials import PARAMETRIZATIONS, references, trials

        names = self.parametrizations or tuple(PARAMETRIZATIONS)
        for name in names:
            one_of("parametrizations", name, PARAMETRIZATIONS)
        file = self.results / "allocation_trials.json"
        report = read_record(file) if file.exists() else {"episodes": self.episodes, "references": {}, "runs": []}
        for name in names:
            report["references"].setdefault(name, references(name, episodes=self.episodes))
        for run in trials(names, self.seeds, report["runs"], episodes=self.episodes):
            report["runs"].append(run)
            print(json.dumps(run), flush=True)
            write_record(file, report)


@dataclass(frozen=True)
class Model:
    """Fit the roofline model to published measurements and print its errors, in and out of sample."""

    folds: int = 8
    """Parts that boards, and sources, are divided into; each is left out in turn."""
    model_folds: int = 12
    """The same of decoders."""
    write_factors: bool = False
    """Store the fitted factors, and the spreads of predictions, as those that the package uses."""
    results: Path = Path("results")
    """Folder of validate_model.json, validate_model.png and validation/rows.json."""

    def run(self) -> None:
        """Fit, write and print."""
        from edge_llm_env.inference.factors.fitted import FITTED_FILE
        from edge_llm_env.inference.validation.fitting import factors_record
        from edge_llm_env.inference.validation.measurements import published_measurements
        from edge_llm_env.inference.validation.report import validation_report
        from experiments.pages.validation_plot import plot_validation
        from experiments.pages.validation_tables import as_text

        rows = published_measurements()
        report = validation_report(rows, folds=self.folds, model_folds=self.model_folds)
        if self.write_factors:
            record = factors_record(rows, report["spreads"])
            Path(str(FITTED_FILE)).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        plot_validation(report, self.results / "validate_model.png")
        write_record(self.results / "validation" / "rows.json", {"predictions": report.pop("predictions")})
        write_record(self.results / "validate_model.json", report)
        print(as_text(report))


COMMANDS = {
    "environments": Command(Environments, "steps per second beside CartPole's, phases of a step, first compilation"),
    "solvers": Command(Solvers, "exact solvers against HiGHS and CP-SAT, DFTSP's pruning"),
    "proofs": Command(Proofs, "whether exact solvers are exact, and what the hard knapsack classes cost"),
    "hindsight": Command(Hindsight, "hindsight's schedule and bound against DFTSP and look-ahead"),
    "training": Command(Training, "how long a fresh masked policy takes, and what it reaches"),
    "allocation": Command(Allocation, "whether oracles of allocations keep their word"),
    "trials": Command(Trials, "what plain PPO and SAC learn with each way to say an allocation"),
    "model": Command(Model, "the cost models against published measurements"),
}

if __name__ == "__main__":
    sys.exit(run_command("benchmark.py", COMMANDS))
