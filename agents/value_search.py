"""Finding a value function for a scenario: the cross-entropy method on tapes that a whole generation shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.cross_entropy import CrossEntropy, CrossEntropySettings
from agents.evaluation import evaluate_solver, evaluate_values
from agents.value_features import FEATURE_SETS
from agents.value_functions import Parameters, ValueFunction
from agents.value_policy import ValuePolicy
from baselines import DFTSP, tune_discount
from baselines.look_ahead import GRID
from edge_llm_env.naming import one_of
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.tape import Workload


@dataclass(frozen=True)
class SearchSettings:
    """How a value function is found; the defaults take one to four minutes on one core for `carry-over`."""

    width: int = 0
    """Hidden units of the value function; 0 for a linear one."""
    features: str = "waiting"
    """What it sees: a name of `agents.value_features.FEATURE_SETS`."""
    levels: int = GRID
    """Of its values; fewer make the oracle faster."""
    first_discount: float | None = None
    """δ of the look-ahead rule that the search begins with; tuned if not given."""
    generations: int = 30
    """Generations of candidates."""
    tapes: int = 48
    """Tapes of a generation, the same for all its candidates, others for the next."""
    cross_entropy: CrossEntropySettings = field(default_factory=CrossEntropySettings)
    """The search itself."""
    validate_every: int = 5
    """Generations between validations."""
    validation_tapes: int = 200
    """Tapes that choose among the means, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        one_of("features", self.features, FEATURE_SETS)
        for name in ("generations", "tapes", "validate_every", "validation_tapes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")


class Progress(NamedTuple):
    """Where a search stands after a generation."""

    generation: int
    """From 1; 0 is the look-ahead rule that it begins with."""
    training_percent_of_dftsp: float | None
    """Of the mean, on the generation's tapes; DFTSP on the same tapes takes out most of what they differ by."""
    validation_percent_of_dftsp: float | None
    """Of the mean, on the validation tapes, where it was validated."""
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

    All candidates of a generation play the same tapes in one vector environment, so what they differ by is theirs and
    not the arrivals'. Candidates may noise the parameters, never a decision: with noise on each slot's value nobody
    could tell which one mattered.
    """
    function = ValueFunction(settings.width, FEATURE_SETS[settings.features], settings.levels)
    discount = tune_discount(scenario, seed) if settings.first_discount is None else settings.first_discount
    method = CrossEntropy(function.starting_point(discount), settings.cross_entropy, np.random.default_rng((seed, 0)))
    validation = draw_workloads(scenario, settings.validation_tapes, seed, Stream.VALIDATION)
    validation_oracle = evaluate_solver(DFTSP(), scenario, validation).served
    best, best_percent = method.mean, -np.inf
    curve: list[Progress] = []
    for generation in range(settings.generations + 1):
        training_percent = None
        if generation > 0:
            tapes = training_tapes(scenario, seed, generation, settings.tapes)
            candidates = method.ask()
            served = served_by_each(function, candidates, scenario, tapes)
            oracle = evaluate_solver(DFTSP(), scenario, tapes).served
            method.tell(candidates, (served - oracle).mean(axis=1))
            training_percent = 100.0 * float(served[0].sum() / max(1, oracle.sum()))
        validation_percent = None
        if generation % settings.validate_every == 0 or generation == settings.generations:
            served = served_by_each(function, method.mean[None], scenario, validation)
            validation_percent = 100.0 * float(served.sum() / max(1, validation_oracle.sum()))
            if validation_percent > best_percent:
                best, best_percent = method.mean, validation_percent
        curve.append(Progress(generation, training_percent, validation_percent, float(method.deviation.mean())))
        report(curve[-1])
    steps = settings.generations * settings.cross_entropy.population * settings.tapes * scenario.epoch.episode_epochs
    return Found(ValuePolicy(function, best, scenario), curve, steps, discount)


def served_by_each(
    function: ValueFunction, parameters: NDArray, scenario: Scenario, tapes: Sequence[Workload]
) -> NDArray[np.int64]:
    """(P, tapes) requests that each candidate of (P, size) serves on each tape."""
    population: Parameters = parameters.astype(np.float32)
    policy = ValuePolicy(function, population, scenario)
    return evaluate_values(policy, scenario, list(tapes) * len(population)).served.reshape(len(population), -1)


def training_tapes(scenario: Scenario, seed: int, generation: int, tapes: int) -> list[Workload]:
    """Tapes of a generation; spawn key 0 keeps them apart from those of every `Stream`."""
    seeds = np.random.SeedSequence(seed, spawn_key=(0, generation)).spawn(tapes)
    return [draw_workload(scenario, np.random.default_rng(child)) for child in seeds]
