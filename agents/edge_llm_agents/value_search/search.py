"""Finding a value function for a scenario: the cross-entropy method on workloads that a whole generation shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import evaluate_solver, evaluate_values
from edge_llm_agents.value_search.cross_entropy import CrossEntropy, CrossEntropySettings, check_generations
from edge_llm_agents.value_search.features import PLAIN_FEATURE_SETS
from edge_llm_agents.value_search.functions import Parameters, ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_baselines import DFTSP
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_baselines.rules.tuning import tune_discount
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True)
class SearchSettings:
    """How a value function is found; the defaults take one to four minutes on one core for `carry-over`."""

    width: int = 0
    """Hidden units of the value function; 0 for a linear one."""
    features: str = "waiting"
    """What it sees: a name of `edge_llm_agents.value_search.features.PLAIN_FEATURE_SETS`."""
    levels: int = GRID
    """Of its values; fewer make the oracle faster."""
    first_discount: float | None = None
    """δ of the look-ahead rule that the search begins with; tuned if not given."""
    generations: int = 30
    """Generations of candidates."""
    episodes: int = 48
    """Workloads of a generation, the same for all its candidates, others for the next."""
    loads: tuple[float, ...] = (1.0,)
    """Factors on the scenario's arrival rate that these workloads, and those of validation, have by turns."""
    cross_entropy: CrossEntropySettings = field(default_factory=CrossEntropySettings)
    """The search itself."""
    validate_every: int = 5
    """Generations between validations."""
    validation_episodes: int = 200
    """Workloads that choose among the means, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        one_of("features", self.features, PLAIN_FEATURE_SETS)
        ValueFunction(self.width, PLAIN_FEATURE_SETS[self.features], self.levels)  # raises for one that cannot be
        check_generations(self)
        if not self.loads or min(self.loads) <= 0:
            raise ValueError(f"loads = {self.loads}: must be factors greater than 0")


class Progress(NamedTuple):
    """Where a search stands after a generation."""

    generation: int
    """From 1; 0 is the look-ahead rule that it begins with."""
    training_percent_of_dftsp: float | None
    """Of the mean, on the generation's workloads; DFTSP on the same workloads takes out most of what they differ by."""
    validation_percent_of_dftsp: float | None
    """Of the mean, on the validation workloads, where it was validated."""
    deviation: float
    """Mean standard deviation of the parameters."""


class Found(NamedTuple):
    """What a search found."""

    policy: ValuePolicy
    """With the parameters that validated best."""
    curve: list[Progress]
    """After each generation."""
    epoch_steps: int
    """Epochs played in training, of all candidates."""
    discount: float
    """δ of the look-ahead rule that it began with."""


def search(
    scenario: Scenario,
    settings: SearchSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Found:
    """Search from the look-ahead rule on; equal settings and seeds find equal parameters.

    All candidates of a generation play the same workloads in one vector environment, so what they differ by is theirs
    and not the arrivals'. Candidates may noise the parameters, never a decision: with noise on each slot's value nobody
    could tell which one mattered.
    """
    function = ValueFunction(settings.width, PLAIN_FEATURE_SETS[settings.features], settings.levels)
    discount = tune_discount(scenario, seed) if settings.first_discount is None else settings.first_discount
    method = CrossEntropy(function.starting_point(discount), settings.cross_entropy, np.random.default_rng((seed, 0)))
    loaded = [at_load(scenario, load) for load in settings.loads]
    validation = by_turns(
        [draw_workloads(one, settings.validation_episodes, seed, Stream.VALIDATION) for one in loaded]
    )
    validation_oracle = evaluate_solver(DFTSP(), scenario, validation).served
    best, best_percent = method.mean, -np.inf
    curve: list[Progress] = []
    for generation in range(settings.generations + 1):
        training_percent = None
        if generation > 0:
            workloads = by_turns([training_workloads(one, seed, generation, settings.episodes) for one in loaded])
            candidates = method.ask()
            served = served_by_each(function, candidates, scenario, workloads)
            oracle = evaluate_solver(DFTSP(), scenario, workloads).served
            gained = mean_ratio(served - oracle, oracle, len(loaded))
            method.tell(candidates, gained)
            training_percent = 100.0 * (1.0 + float(gained[0]))
        validation_percent = None
        if generation % settings.validate_every == 0 or generation == settings.generations:
            served = served_by_each(function, method.mean[None], scenario, validation)
            validation_percent = 100.0 * float(mean_ratio(served, validation_oracle, len(loaded))[0])
            if validation_percent > best_percent:
                best, best_percent = method.mean, validation_percent
        curve.append(Progress(generation, training_percent, validation_percent, float(method.deviation.mean())))
        report(curve[-1])
    steps = settings.generations * settings.cross_entropy.population * settings.episodes * scenario.epoch.episode_epochs
    return Found(ValuePolicy(function, best, scenario), curve, steps, discount)


def served_by_each(
    function: ValueFunction, parameters: NDArray, scenario: Scenario, workloads: Sequence[Workload]
) -> NDArray[np.int64]:
    """(P, workloads) requests that each candidate of (P, size) serves on each workload."""
    population: Parameters = parameters.astype(np.float32)
    policy = ValuePolicy(function, population, scenario)
    return evaluate_values(policy, scenario, list(workloads) * len(population)).served.reshape(len(population), -1)


def at_load(scenario: Scenario, load: float) -> Scenario:
    """The scenario with its arrival rate times `load`; raises ValueError where arrivals have no `rate_per_s`."""
    if load == 1.0:
        return scenario
    rate_per_s = getattr(scenario.workload.arrivals, "rate_per_s", None)
    if rate_per_s is None:
        raise ValueError(f"loads: scenario {scenario.name} has no workload.arrivals.rate_per_s to multiply")
    return load_scenario(scenario, **{"workload.arrivals.rate_per_s": load * rate_per_s})


def by_turns(workloads: Sequence[Sequence[Workload]]) -> list[Workload]:
    """One workload of each load after the other, as many as one load has."""
    return [workloads[at % len(workloads)][at] for at in range(len(workloads[0]))]


def mean_ratio(numbers: NDArray, oracle: NDArray[np.int64], loads: int) -> NDArray[np.float64]:
    """Mean over loads of Σ numbers / Σ oracle, (P,), of numbers (P, workloads) on workloads that have the loads by
    turns.

    Ratios, since a heavy load's differences would outweigh those of a light one.
    """
    turns = range(min(loads, len(oracle)))
    ratios = [numbers[:, turn::loads].sum(axis=1) / max(1, oracle[turn::loads].sum()) for turn in turns]
    return np.asarray(np.mean(ratios, axis=0), dtype=np.float64)


def training_workloads(scenario: Scenario, seed: int, generation: int, episodes: int) -> list[Workload]:
    """Workloads of a generation; spawn key 0 keeps them apart from those of every `Stream`."""
    seeds = np.random.SeedSequence(seed, spawn_key=(0, generation)).spawn(episodes)
    return [draw_workload(scenario, np.random.default_rng(child)) for child in seeds]
