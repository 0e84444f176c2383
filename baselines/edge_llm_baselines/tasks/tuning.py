"""The numbers of rules for tasks, tuned by what they earn on workloads that nothing is evaluated on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.tasks.index import Numbers, chance_values, index_values
from edge_llm_baselines.tasks.orders import has_tasks
from edge_llm_baselines.tasks.remaining import Remaining, remaining_of
from edge_llm_baselines.tasks.signals.scores import MakeScores, has_signals, linear_scores, told_scores
from edge_llm_baselines.tasks.told import told_values
from edge_llm_baselines.tasks.valued import ValuedCalls, Values
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 12
"""Workloads that numbers are tuned on."""

EPOCHS_PER_CALL = (1.0, 1.5, 2.0, 3.0, 4.0)
"""To try: at least an epoch is from one call of a task to the next."""

PRICES = (0.0, 0.3, 0.6, 0.9)
LEAST_CHANCES = (0.0, 0.2, 0.4, 0.6)
LEAST_INDICES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
"""Where tasks that fail cost something."""

STRETCHES = (1.0, 1.25, 1.5, 2.0)

MakeValues = Callable[[Remaining, Sequence[Numbers]], Values]
"""A rule, of what is left of tasks and of each row's numbers."""


def valued(
    make: MakeValues, env: Any, numbers: Sequence[float], seed: int, make_scores: MakeScores | None = None
) -> ValuedCalls:
    """A rule with its numbers on an environment, of scores of signals if some are made."""
    scenario = rows_of(env)[0][0].scenario
    return ValuedCalls(make(remaining_of(scenario, seed, make_scores), [Numbers(*numbers)]), env)


def tune_index(scenario: Scenario, seed: int, make_scores: MakeScores | None = None) -> list[float] | None:
    """Epochs per call of the index."""
    return _best(scenario, seed, index_values, tuple(Numbers(each) for each in EPOCHS_PER_CALL), make_scores)


def tune_chance(scenario: Scenario, seed: int) -> list[float] | None:
    """Epochs per call of the chance to end in time."""
    return _best(scenario, seed, chance_values, tuple(Numbers(each) for each in EPOCHS_PER_CALL))


def tune_admission(scenario: Scenario, seed: int, make_scores: MakeScores | None = None) -> list[float] | None:
    """Price and least chance of beginning a task, beside the tuned index; where failures cost, its least index too."""
    index = tune_index(scenario, seed, make_scores)
    if index is None:
        return None
    priced = tuple(Numbers(index[0], *more) for more in product(PRICES, LEAST_CHANCES))
    best = _best(scenario, seed, index_values, priced, make_scores)
    if best is None or scenario.reward.task_failed >= 0.0:
        return best
    least = tuple(Numbers(*best)._replace(least_index=each) for each in LEAST_INDICES)
    return _best(scenario, seed, index_values, least, make_scores)


def tune_linear(scenario: Scenario, seed: int) -> list[float] | None:
    """The same numbers where signals are weighed by coefficients of each kind."""
    return tune_admission(scenario, seed, linear_scores) if has_signals(scenario) else None


def tune_told(scenario: Scenario, seed: int) -> list[float] | None:
    """The same numbers where the signals' form is told."""
    return tune_admission(scenario, seed, told_scores) if has_signals(scenario) else None


def tune_stretch(scenario: Scenario, seed: int) -> float | None:
    """The stretch with which the informed rule earns most in tuning; None in a scenario without tasks."""
    if not has_tasks(scenario):
        return None
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)

    def earned(stretch: float) -> float:
        found = roll_out(lambda env: ValuedCalls(told_values(stretch), env), BATCH_SELECTION, scenario, workloads)
        return float(found.reward.sum())

    return max(STRETCHES, key=earned)


@once_a_scenario
def _best(
    scenario: Scenario,
    seed: int,
    make: MakeValues,
    candidates: tuple[Numbers, ...],
    make_scores: MakeScores | None = None,
) -> list[float] | None:
    """The numbers that earn most, the first of equal ones; None where there are no tasks."""
    if not has_tasks(scenario):
        return None
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)
    remaining = remaining_of(scenario, seed, make_scores)
    each = [numbers for numbers in candidates for _ in workloads]
    found = roll_out(
        lambda env: ValuedCalls(make(remaining, each), env), BATCH_SELECTION, scenario, workloads * len(candidates)
    )
    best = candidates[int(found.reward.reshape(len(candidates), -1).sum(axis=1).argmax())]
    return [float(number) for number in best]
