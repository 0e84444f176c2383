"""What a submission says of itself, beside what is found by playing it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.protocol.rules import BUDGETS, KNOWLEDGE, REPORTED
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of, shown

POINT = ("decisions", "wall_s", "percent_of_reference")
"""Entries of a point of a curve of learning: what was used so far, and what the policy reaches on validation."""


@dataclass(frozen=True)
class Claim:
    """What a submission says of itself, beside what is found by playing it."""

    name: str
    """Of the policy in tables."""
    environment: str
    scenario: Scenario
    made_for: str
    """Name of the scenario that it was made for, the same unless the split is `shifted`."""
    split: str = "test"
    budget: str = "unlimited"
    knows: str = "nothing"
    algorithm: str = ""
    """How it was made, in a line."""

    def __post_init__(self) -> None:
        one_of("environment", self.environment, ENVIRONMENTS)
        if self.name == (reference := baselines_of(self.environment).reference):
            raise ValueError(f"name = {reference}: is the reference rule's, must be another")
        one_of("split", self.split, REPORTED)
        one_of("budget", self.budget, BUDGETS)
        one_of("knows", self.knows, KNOWLEDGE)
        if (self.split == "shifted") == (self.made_for == self.scenario.name):
            wanted = "another scenario" if self.split == "shifted" else f"{self.scenario.name}, or the split shifted"
            raise ValueError(f"made_for = {shown(self.made_for)}: must be {wanted}")


@dataclass(frozen=True)
class Run:
    """A policy of one training seed."""

    source: Source
    beside: tuple[Path, ...] = ()
    """Files that it needs beside its own."""
    seed: int = 0
    """Of the training."""
    decisions: int = 0
    """That were taken before it was evaluated; 0 for what learned nothing."""
    wall_s: float | None = None
    """That making it took; None where nobody noted it."""
    curve: tuple[Mapping[str, float], ...] = ()
    """Of learning, points with the entries POINT, on validation workloads."""

    def __post_init__(self) -> None:
        check_learning(self.decisions, self.wall_s, self.curve)


def check_learning(decisions: int, wall_s: float | None, curve: Any) -> None:
    """Raise ValueError for numbers below 0 or not finite, and for what is no curve of learning.

    That is a list of points with the entries POINT, numbers, in the order of their decisions.
    """
    for name, value in (("decisions", decisions), ("wall_s", wall_s)):
        if value is not None and not (is_number(value) and value >= 0):
            raise ValueError(f"{name} = {shown(value)}: must be at least 0, and finite")
    if not isinstance(curve, list | tuple):
        raise ValueError(f"curve = {shown(curve)}: must be a list of points")
    for point in curve:
        if not isinstance(point, Mapping) or set(point) != set(POINT) or not all(map(is_number, point.values())):
            raise ValueError(f"curve: {shown(point)}: must have numbers {', '.join(POINT)}")
    if any(later["decisions"] < point["decisions"] for point, later in pairwise(curve)):
        raise ValueError("curve: must be in the order of decisions")


def is_number(value: Any) -> bool:
    """Whether a value of a record is a finite number."""
    # Whole numbers of JSON may be larger than any float, which `isfinite` cannot tell.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
