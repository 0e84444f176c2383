"""Rules that know that requests are calls of agent tasks."""

from __future__ import annotations

from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.registry.baseline import Baseline, Tunable
from edge_llm_baselines.tasks.index import chance_values, index_values
from edge_llm_baselines.tasks.orders import (
    Order,
    expected_calls_left,
    expected_slack_per_call,
    expected_work,
    has_tasks,
    remaining_tokens,
)
from edge_llm_baselines.tasks.policy import CallsInOrder
from edge_llm_baselines.tasks.signals.scores import MakeScores, has_signals, linear_scores, told_scores
from edge_llm_baselines.tasks.told import told_values
from edge_llm_baselines.tasks.tuning import (
    MakeValues,
    tune_admission,
    tune_chance,
    tune_index,
    tune_linear,
    tune_stretch,
    tune_told,
    valued,
)
from edge_llm_baselines.tasks.valued import ValuedCalls

INDEX = Tunable("index", tune_index)
"""Epochs per call of the index of tasks."""

CHANCE = Tunable("chance", tune_chance)
"""Epochs per call of the chance to end in time."""

ADMISSION = Tunable("admission", tune_admission)
"""Epochs per call of the index, price of beginning a task, and the least chance and index with which one is begun."""

STRETCH = Tunable("stretch", tune_stretch)
"""Of the time that an informed rule knows a task to need."""


def _valued(name: str, make: MakeValues, tunable: Tunable) -> Baseline:
    return Baseline(name, lambda env, seed, numbers: valued(make, env, numbers, seed), tunable, has_tasks)


def _scored(name: str, make_scores: MakeScores, tunable: Tunable, *, informed: bool = False) -> Baseline:
    return Baseline(
        name,
        lambda env, seed, numbers: valued(index_values, env, numbers, seed, make_scores),
        tunable,
        has_signals,
        informed,
    )


def _in_order(name: str, order: Order, *, informed: bool = False) -> Baseline:
    return Baseline(name, lambda env, seed, tuned: CallsInOrder(order, env), plays=has_tasks, informed=informed)


RULES: dict[str, Baseline] = {
    "task-index": _valued("index of tasks, tuned slack", index_values, INDEX),
    "task-admission": _valued("index of tasks, priced admission", index_values, ADMISSION),
    "task-signals": _scored("index of tasks, signals by coefficients", linear_scores, Tunable("signals", tune_linear)),
    "task-values": _valued("DFTSP with values by task", chance_values, CHANCE),
    "expected-work": Baseline(
        "least work left on average",
        lambda env, seed, tuned: CallsInOrder(expected_work(rows_of(env)[0][0].scenario, seed), env),
        plays=has_tasks,
    ),
    "fewest-calls": _in_order("fewest calls left on average", expected_calls_left),
    "slack-per-call": _in_order("least slack per call left", expected_slack_per_call),
    "shortest-remaining": _in_order("informed: shortest remaining work", remaining_tokens, informed=True),
    "told-signals": _scored(
        "informed: told the signals' form", told_scores, Tunable("told_signals", tune_told), informed=True
    ),
    "told-calls": Baseline(
        "informed: told the calls",
        lambda env, seed, stretch: ValuedCalls(told_values(stretch), env),
        STRETCH,
        has_tasks,
        informed=True,
    ),
}
"""By key: for scenarios whose requests are calls of tasks, and no others."""
