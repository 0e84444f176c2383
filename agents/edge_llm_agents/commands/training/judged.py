"""What training with several seeds, each of them judged, has in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.masked_ppo.settings import LARGEST_SEED
from edge_llm_agents.seeded.learners import Settings
from edge_llm_agents.seeded.runs import Trained, save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.generations import Progress
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import shown
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.paths.locating import LONGEST_NAME, is_name


@dataclass(frozen=True)
class Judged:
    """Seeds, what they are judged on, and where the record and the policy go."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One run each."""
    evaluation_episodes: int = 200
    """Held-out workloads that every policy is judged on."""
    results: OutputFolder = Path("results")
    """Folder of the record."""
    policies: OutputFolder = Path("results")
    """Folder of the policy; agents/edge_llm_agents/pretrained to ship it."""
    name: str | None = None
    """Name of the policy and of the record; the environment's and the scenario's if not given."""

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ValueError("seeds: must have at least one")
        for seed in self.seeds:  # before the first of them is trained with
            if not 0 <= seed <= LARGEST_SEED:
                raise ValueError(f"seeds = {seed}: must be in 0..{LARGEST_SEED}")
        if self.name is not None and not is_name(self.name):
            raise ValueError(f"name = {shown(self.name)}: must be a name of a file, at most {LONGEST_NAME} bytes long")

    def train(
        self,
        env_id: str,
        scenario_name: str,
        settings: Settings,
        begins: str,
        show: Callable[[int, Any], None] = lambda seed, progress: None,
        *,
        overrides: dict[str, float],
        hindsight_episodes: int = 0,
    ) -> None:
        """Learn with every seed, judge each, save; the policy's name, where none is given, begins so."""
        scenario = load_scenario(scenario_name, **overrides)
        set_thread_counts()
        judge = judge_of(env_id, scenario, self.evaluation_episodes, hindsight_episodes, tell=show_line)
        self.save(train_seeds(scenario_name, overrides, settings, self.seeds, judge, show), begins, judge)

    def save(self, runs: Iterable[Trained], begins: str, judge: Judge[Any, Any]) -> None:
        """Print each run as it is judged, and write what there is so far."""
        name = self.name or f"{begins}-{judge.scenario.name}"
        for trained in runs:
            print(judge.line(trained.record["runs"][-1]), flush=True)
            written = save_training(trained, name, self.results, self.policies)
        print(f"written: {', '.join(map(str, written))}")


@dataclass(frozen=True)
class BesideRivals(Judged):
    """Policies that are held against every baseline of their environment."""

    evaluation_episodes: int = 100
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 5
    """Of these, the first ones, that are also optimised in hindsight where the environment knows how; 0 for none."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. workload.arrivals.rate_per_s 6."""


SHOWN_EVERY = 1000
"""Steps of a fit."""


def show_line(line: str) -> None:
    """Tell who waits what has been done."""
    print(line, file=sys.stderr, flush=True)


def show_step(seed: int, step: int) -> None:
    """Tell who watches a fit how far it is, now and then."""
    if step % SHOWN_EVERY == 0:
        show_line(f"seed {seed}, step {step}")


def show_served(seed: int, progress: Progress) -> None:
    """Tell who watches a search how many requests an episode serves in validation, where that was looked at."""
    if progress.validation_served is not None:
        told = f"{progress.validation_served:.2f} served per episode in validation"
        show_line(f"seed {seed}, generation {progress.generation}: {told}")
