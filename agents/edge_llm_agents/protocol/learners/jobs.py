"""Baseline runs as jobs: each trains one algorithm with one seed and leaves the record of a submission."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from stable_baselines3.common.base_class import BaseAlgorithm

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.leaderboard.jobs import Job
from edge_llm_agents.leaderboard.policies.model_file import ModelFile
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.leaderboard.running import Ran, run_jobs
from edge_llm_agents.pretrained.saved_policies import Card, save_policy
from edge_llm_agents.protocol.claims import Claim, Run
from edge_llm_agents.protocol.judging import Task, Yardstick
from edge_llm_agents.protocol.learners.learner import Asked, Curve, Learned
from edge_llm_agents.protocol.learners.measuring import measured
from edge_llm_agents.protocol.learners.table import LEARNERS, learners_of
from edge_llm_agents.protocol.rules import BUDGETS, exceeds
from edge_llm_agents.protocol.submission import content_of, submit, task_of
from edge_llm_agents.records.cells import Cell
from edge_llm_agents.records.files import save_model
from edge_llm_agents.records.hashes import code_sha256, combined_sha256, function_sha256
from edge_llm_agents.records.record import LEARNING
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFolder

SPLIT = "test"

MOST_SEEDS = 1000


@dataclass(frozen=True)
class BaselineSettings:
    """Which algorithms learn where, how long, and how they are judged."""

    environments: tuple[str, ...] = field(default_factory=lambda: tuple(ENVIRONMENTS))
    """Ids of the registry."""
    algorithms: tuple[str, ...] = ()
    """Names, as ppo or "ppo_mask (set)"; without any, all that are for an environment's actions."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file; each environment's medium scenario if not given."""
    seeds: int = 5
    """Training seeds of each, from 0 on."""
    decisions: int = 1_000_000
    """Of each run of an on-policy algorithm, and of structured learning."""
    off_policy_decisions: int = 100_000
    """Of each run of dqn, sac, td3 and imitation, which learn from each decision many times."""
    points: int = 20
    """Of each curve of learning."""
    curve_episodes: int = 10
    """Validation workloads that each point plays."""
    episodes: int = 50
    """Workloads that each run is judged on in the end."""
    bounded: int = 10
    """Of these, so many of the first are bounded, too."""
    workers: int = 1
    """Runs at once, -1 for one per core."""
    backend: str = "local"
    """Where they run: local processes, or a Ray cluster (ray)."""
    policies: bool = True
    """Whether records hold what was learned, megabytes each; without, they cannot be verified, only run again."""
    results: OutputFolder = Path("results/submissions")
    """Folder of the records. What is finished there is not run again."""

    def __post_init__(self) -> None:
        for environment in self.environments:
            one_of("environments", environment, ENVIRONMENTS)
        for algorithm in self.algorithms:
            one_of("algorithms", algorithm, LEARNERS)
        for name in ("seeds", "decisions", "off_policy_decisions", "points", "curve_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")
        if self.seeds > MOST_SEEDS:
            raise ValueError(f"seeds = {self.seeds}: must be at most {MOST_SEEDS}")
        if self.workers == 0 or self.workers < -1:
            raise ValueError(f"workers = {self.workers}: must be -1 or at least 1")


@dataclass(frozen=True)
class BaselineRun:
    """One algorithm, one training seed."""

    algorithm: str
    seed: int
    decisions: int
    points: int
    curve_episodes: int
    policies: bool
    claim: Claim
    task: Task
    packages: ClassVar[tuple[str, ...]] = LEARNING

    @property
    def cell(self) -> Cell:
        """Where its record stands."""
        return Cell(self.task.env_id, self.task.scenario.name, self.algorithm, self.seed)

    def identity(self) -> dict[str, Any]:
        """What its results follow from: what learns, and the rule that it is held against."""
        learner = LEARNERS[self.algorithm]
        baselines = baselines_of(self.task.env_id)
        code = combined_sha256(
            code_sha256(learner.learn.__module__), function_sha256(baselines.rules[baselines.oracle].policy)
        )
        asked = (
            self.algorithm,
            self.seed,
            self.decisions,
            self.points,
            self.curve_episodes,
            learner.settings,
        )
        return self.task.identity() | {"policy_sha256": combined_sha256(code, str(asked))}

    def results(self) -> dict[str, Any]:
        """Train, then play what was trained as it is in the record."""
        set_thread_counts()
        scenario = self.task.scenario
        measure = measured(self.task.env_id, scenario, self.curve_episodes)
        curve = Curve(measure, max(1, self.decisions // self.points))
        asked = Asked(self.task.env_id, scenario, self.seed, self.decisions, curve)
        learned = LEARNERS[self.algorithm].learn(asked)
        wall_s = curve.wall_s
        with tempfile.TemporaryDirectory() as folder:
            source = self._saved(learned, Path(folder))
            run = Run(source, (), self.seed, learned.decisions, wall_s, tuple(curve.points))
            workload_set = self.task.workload_set
            record = submit(
                self.claim,
                [run],
                workload_set.episodes,
                workload_set.seed,
                self.task.bounded,
                lambda line: None,
                once_per_process,
            )
        if not self.policies:
            record["runs"] = [run | {"policy": None} for run in record["runs"]]
        return {name: value for name, value in record.items() if name not in ("cell", "identity", "provenance")}

    def _saved(self, learned: Learned, folder: Path) -> Source:
        """The files of what was learned, and what plays them."""
        model = learned.model
        if isinstance(model, BaseAlgorithm):
            path = folder / "policy.zip"
            save_model(model, path)
            return ModelFile(str(path), type(model).__name__)
        content = content_of(model.scenario)
        card = Card(model.scenario.name, {}, self.algorithm, {}, self.seed, learned.decisions, {}, {}, content)
        save_policy(model, card, folder / "policy")
        return SavedFile(str(folder / "policy"))


once_per_process = lru_cache(maxsize=16)(Yardstick.of)
"""The same for all runs of a task, and slow where the reference searches or hindsight bounds."""


def run_baselines(settings: BaselineSettings, report: Callable[[str], None]) -> Ran:
    """Run every algorithm in every environment that it is for; what is finished and not stale is kept.

    Raises ValueError for a backend that is not installed, and what `load_scenario` raises.
    """
    jobs = baseline_jobs(settings)
    return run_jobs(jobs, settings.results / SPLIT, settings.backend, settings.workers, report, "runs")


def baseline_jobs(settings: BaselineSettings) -> Sequence[Job]:
    """All runs, seed by seed, so that what is finished early has something of everything."""
    jobs = []
    for env_id in settings.environments:
        name = settings.scenario or ENVIRONMENTS[env_id].tiers.medium.scenario
        scenario = load_scenario(name)
        for algorithm in learners_of(env_id):
            if settings.algorithms and algorithm not in settings.algorithms:
                continue
            learner = LEARNERS[algorithm]
            decisions = settings.off_policy_decisions if learner.off_policy else settings.decisions
            claim = Claim(
                algorithm,
                env_id,
                scenario,
                scenario.name,
                split=SPLIT,
                budget=next(budget for budget in BUDGETS if not exceeds(budget, decisions)),
                knows=learner.knows,
                algorithm=f"{algorithm}, {decisions:,} decisions",
            )
            task = task_of(claim, settings.episodes, 0, settings.bounded)
            jobs += [
                BaselineRun(
                    algorithm,
                    seed,
                    decisions,
                    settings.points,
                    settings.curve_episodes,
                    settings.policies,
                    claim,
                    task,
                )
                for seed in range(settings.seeds)
            ]
    return sorted(jobs, key=lambda job: job.seed)
