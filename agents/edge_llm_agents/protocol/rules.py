"""What every reported result says of itself: its split, its budget of decisions, and what its policy was told."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.streams import Stream


class Split(NamedTuple):
    """A set of workloads, disjoint from the others by construction (`edge_llm_env.workload.streams`)."""

    stream: Stream | None
    """None for the workloads of `reset(seed=)`."""
    purpose: str


SPLITS = {
    "train": Split(None, "to learn on, as many workloads as the budget allows"),
    "validation": Split(Stream.VALIDATION, "to choose among policies, and for curves of learning"),
    "test": Split(Stream.EVALUATION, "what is reported of the scenario that a policy was made for"),
    "shifted": Split(Stream.SHIFTED, "what is reported of a scenario that a policy was not made for"),
}
"""The named splits. The numbers of rules are tuned on a stream of their own, and so are teachers' demonstrations."""

REPORTED = {name: split.stream for name, split in SPLITS.items() if split.stream is not None}
"""Splits that a record can be of, those whose workloads are numbered, with their streams."""

BUDGETS = {"small": 1_000_000, "medium": 10_000_000, "unlimited": None}
"""Decisions that a training run may use, by the budget's name.

A decision is one step of one row of an environment. All that are taken before the evaluation count: those of
exploration, of a search's candidates, of teachers, and of validations that choose something.
"""

KNOWLEDGE = {
    "nothing": "observations, rewards and infos of the episodes that it played, and the spaces",
    "means": "beside these the scenario's means: rates, sizes and their spreads, as its file gives them",
    "structure": "beside these how arrivals and channels come about: phases, routes, who announces whom",
    "future": "beside these what the episode's workload holds: a clairvoyant, which bounds others and does not compete",
}
"""What a policy, or whoever made it, may know, each level with all before it."""

COMPETES = ("nothing", "means", "structure")
"""Levels whose policies are ranked."""


def exceeds(budget: str, decisions: int) -> bool:
    """Whether a run used more decisions than its budget has; such a run is marked. ValueError for another budget."""
    most = BUDGETS[one_of("budget", budget, BUDGETS)]
    return most is not None and decisions > most
