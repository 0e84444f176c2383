"""The benchmark suite from its settings to finished cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_llm_agents.leaderboard.jobs import Hindsight, Job, Playing, Tuning, bounded_by_batches
from edge_llm_agents.leaderboard.policies.rules import Rule
from edge_llm_agents.leaderboard.policies.seeds import Training, saved_sources
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.leaderboard.policies.submissions import submission
from edge_llm_agents.leaderboard.running import Ran, run_jobs
from edge_llm_agents.pretrained.saved_policies import KINDS
from edge_llm_agents.records.cells import read_cell
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import Scenario, list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.support.naming import one_of, shown
from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class SuiteSettings:
    """What is evaluated, on which workloads, and where.

    A function that is submitted runs in the suite's own processes. The same name given again is the same policy of
    another training seed.
    """

    environments: tuple[str, ...] = field(default_factory=lambda: tuple(ENVIRONMENTS))
    """Ids of the registry."""
    scenarios: tuple[str, ...] = ()
    """Presets' names or paths of TOML files; without any, all presets, those that replay a trace only with --trace."""
    tiers: bool = False
    """Every environment on its own easy, medium and hard scenario only."""
    trace: Path | None = None
    """Trace for the presets that replay one."""
    policy: tuple[str, ...] = ()
    """More, each NAME=SOURCE: module:function, [CLASS@]FILE.zip of SB3, a saved policy's path. Run what you trust."""
    unpickle: bool = False
    """Load .zip files of Stable-Baselines3 too: what is in them can run any code, so only of whom you trust."""
    episodes: int = 50
    """Workloads that every policy plays."""
    hindsight_episodes: int = 10
    """Of these, at most so many of the first are also optimised in hindsight (some seconds each); 0 for none."""
    seed: int = 0
    """Sets the workloads, and what rules draw."""
    train_seeds: int = 0
    """Before, train the policies of the package anew with that many seeds (some minutes each)."""
    workers: int = -1
    """Jobs at once, -1 for one per core; 1 for decision times that nothing else disturbs."""
    backend: str = "local"
    """Where jobs run: local processes, or a Ray cluster (ray)."""
    results: OutputFolder = Path("results/suite")
    """Folder of the cells. What is finished there is not computed again."""

    def __post_init__(self) -> None:
        for environment in self.environments:
            one_of("environments", environment, ENVIRONMENTS)
        if self.episodes < 2:
            raise ValueError(f"episodes = {self.episodes}: must be at least 2")
        for name in ("hindsight_episodes", "train_seeds"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 0")
        if self.workers == 0 or self.workers < -1:
            raise ValueError(f"workers = {self.workers}: must be -1 or at least 1")

    def in_tiers(self) -> tuple[str, ...]:
        """Names of the scenarios that are a tier of one of the environments."""
        return tuple(dict.fromkeys(tier.scenario for name in self.environments for tier in ENVIRONMENTS[name].tiers))

    def environments_of(self, scenario: str) -> list[str]:
        """The environments that are played on a scenario."""
        if not self.tiers:
            return list(self.environments)
        return [name for name in self.environments if scenario in {tier.scenario for tier in ENVIRONMENTS[name].tiers}]


def run_suite(settings: SuiteSettings, report: Callable[[str], None]) -> Ran:
    """Compute every cell that is missing or stale; what became of all of them.

    `report` gets a line for what is stale, left out or failed. Raises ValueError for a submission or a backend that
    there is not, and what `load_scenario` raises.
    """
    submitted = submissions(settings.policy, unpickle=settings.unpickle)
    scenarios = scenarios_of(settings, report)

    def run(jobs: Sequence[Job], doing: str) -> Ran:
        return run_jobs(jobs, settings.results, settings.backend, settings.workers, report, doing)

    training = [job for scenario in scenarios for job in Training.of(scenario, settings.train_seeds)]
    workload_sets = [WorkloadSet.of(scenario, settings.episodes, settings.seed) for scenario in scenarios]
    prepared = run([*preparations(settings, scenarios), *training], "preparation")
    if prepared.failed:
        return prepared
    for job in training:
        job.save(settings.results)
    played = run([job for workload_set in workload_sets for job in playing(settings, workload_set, submitted)], "cells")
    return Ran(*(one + other for one, other in zip(prepared, played, strict=True)))


def submissions(texts: Sequence[str], *, unpickle: bool = False) -> dict[str, list[Source]]:
    """The submitted policies by name, each with a source per training seed."""
    found: dict[str, list[Source]] = defaultdict(list)
    for text in texts:
        name, source = submission(text, Path.cwd(), unpickle=unpickle)
        found[name].append(source)
    return dict(found)


def scenarios_of(settings: SuiteSettings, report: Callable[[str], None]) -> list[Scenario]:
    """The scenarios to play."""
    found = []
    for name in settings.scenarios or (settings.in_tiers() if settings.tiers else list_scenarios()):
        replays = name in list_scenarios() and preset_content(name)["workload"]["arrivals"]["kind"] == "trace"
        if replays and settings.trace is None and not settings.scenarios:
            report(f"{name}: left out: it replays a trace of your own, give its path with --trace")
            continue
        trace = {"workload.arrivals.path": str(settings.trace)} if replays and settings.trace is not None else {}
        found.append(load_scenario(name, **trace))
    return found


def preparations(settings: SuiteSettings, scenarios: Sequence[Scenario]) -> list[Job]:
    """What the cells of scenarios need beforehand."""
    jobs: list[Job] = [Tuning.of(scenario, settings.seed) for scenario in scenarios]
    if settings.hindsight_episodes:
        episodes = min(settings.hindsight_episodes, settings.episodes)
        bounded = [one for one in scenarios if any(map(bounded_by_batches, settings.environments_of(one.name)))]
        jobs += [Hindsight(WorkloadSet.of(scenario, episodes, settings.seed)) for scenario in bounded]
    return jobs


def playing(settings: SuiteSettings, workload_set: WorkloadSet, submitted: dict[str, list[Source]]) -> list[Job]:
    """Every policy in every environment, on a scenario's workloads."""
    scenario = workload_set.scenario
    tuned = read_cell(Tuning.of(scenario, settings.seed).cell.path(settings.results))["tuned"]
    jobs: list[Job] = []
    for environment in settings.environments_of(scenario.name):
        sources: dict[str, Sequence[Source]] = {
            rule.name: [Rule(key, rule.of(tuned), settings.seed)]
            for key, rule in baselines_of(environment).playable(scenario, tuned).items()
        }
        sources |= saved_sources(environment, scenario, settings.results) if environment in KINDS else {}
        if taken := sources.keys() & submitted.keys():
            raise ValueError(f"policy = {shown(taken.pop())}: is the name of a policy of the suite, take another")
        for name, seeds in (sources | submitted).items():
            jobs += [
                Playing(environment, name, seed, source, workload_set, settings.workers)
                for seed, source in enumerate(seeds)
            ]
    return jobs
