"""How fast environments and training are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import settings_of, write_record
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts


@dataclass(frozen=True)
class Environments:
    """Measure steps per second of every environment beside CartPole's, the phases of a step, import time and memory;
    print them as JSON.
    """

    scenario: str = "carry-over"
    """A preset's name."""
    rows: int = 1024
    """Rows of the vector environment."""
    seconds: float = 5.0
    """Duration of each measurement."""
    repeats: int = 3
    """Measurements of each speed; the median is reported with the least and the most."""
    results: OutputFolder = Path("results")
    """Folder of benchmark.json."""

    def run(self) -> None:
        """Measure, write and print."""
        from experiments.speed.environments import benchmark

        check_counts(rows=self.rows, repeats=self.repeats)
        check_counts(least=0, seconds=self.seconds)
        report = benchmark(self.scenario, rows=self.rows, seconds=self.seconds, repeats=self.repeats)
        print(write_record(self.results / "benchmark.json", report), end="")


@dataclass(frozen=True)
class FirstUse:
    """Time the first steps of every environment with an empty cache of kernels, and with a full one; then all of them
    in two processes side by side.
    """

    environments: tuple[str, ...] = ()
    """Ids; all of them if none is given, and only then side by side."""
    results: OutputFolder = Path("results")
    """Folder of first_use.json."""

    def run(self) -> None:
        """Measure, write and print after each."""
        from edge_llm_env.registration import ENVIRONMENTS
        from edge_llm_env.support.naming import one_of
        from experiments.speed.fresh import all_first_steps_seconds, first_steps_seconds

        for env_id in self.environments:
            one_of("environments", env_id, ENVIRONMENTS)
        report: dict[str, Any] = {"seconds": {}}
        for env_id in self.environments or ENVIRONMENTS:
            report["seconds"][env_id] = first_steps_seconds(env_id)
            write_record(self.results / "first_use.json", report)
        if not self.environments:
            report["all_seconds"] = all_first_steps_seconds()
        print(write_record(self.results / "first_use.json", report), end="")


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
    results: OutputFolder = Path("results")
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
            "settings": settings_of(self),
            "training": {name: value for name, value in asdict(settings).items() if name != "seed"},
            "runs": runs,
        }
        for seed in self.seeds:
            runs.append(held_out.train(replace(settings, seed=seed)))
            print(as_line(runs[-1]), flush=True)
            write_record(self.results / "training_benchmark.json", report)


@dataclass(frozen=True)
class Workers:
    """Compute the same cells of the leaderboard in one process, by two workers of joblib and by two of Ray, by turns;
    print how much of one process's time the others take.
    """

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    episodes: int = 200
    """Workloads that every cell plays."""
    seeds: int = 1
    """Cells of every rule of BatchSelection-v0."""
    rounds: int = 3
    """In which every way has its turn, after a first one."""
    results: OutputFolder = Path("results")
    """Folder of workers.json."""

    def run(self) -> None:
        """Compute, time, write and print after each round."""
        from edge_llm_env import load_scenario
        from experiments.speed.workers import measure_workers, workers_table

        check_counts(episodes=self.episodes, seeds=self.seeds, rounds=self.rounds)
        for found in measure_workers(load_scenario(self.scenario), self.episodes, self.seeds, self.rounds):
            write_record(self.results / "workers.json", {"settings": settings_of(self)} | found)
            print(workers_table(found).markdown(), flush=True)
