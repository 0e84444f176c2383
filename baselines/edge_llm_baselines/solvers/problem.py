"""One epoch's decision as an optimisation problem, and what a solver returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown

MOST_SPAN = 1e15
"""Most that one value can be as a multiple of another: floats have sixteen digits."""


@dataclass(frozen=True, eq=False)
class BatchProblem:
    """Choose the most valuable feasible batch: max Σ v_i x_i under constraints 1 to 4 of `docs/model.md`.

    `values` has shape (n,) and is at least 0; all ones is the paper's objective, the number of requests served. Costs
    are monotone, as all solvers but `BruteForce` rely on: no request makes a batch cheaper, nor do longer ones.

    Raises ValueError naming the field when lengths differ, a value is negative, not a number or infinite, values add up
    to more than a float holds or are more than `MOST_SPAN` apart, or a cost falls with the lengths of these requests.
    """

    rule: Rule
    candidates: Candidates
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        for field, kind in (("rule", Rule), ("candidates", Candidates), ("values", np.ndarray)):
            if not isinstance(getattr(self, field), kind):
                raise TypeError(f"{field} = {shown(getattr(self, field))}: must be of type {kind.__name__}")
        for name, array in (self.candidates._asdict() | {"values": self.values}).items():
            if not isinstance(array, np.ndarray) or array.dtype != np.float64:
                raise TypeError(f"{name} = {shown(array)}: must be a NumPy array of dtype float64")
        size = len(self.candidates.slack_s) if self.candidates.slack_s.ndim == 1 else 0
        for name, array in (self.candidates._asdict() | {"values": self.values}).items():
            if array.shape != (size,):
                raise ValueError(f"{name} has shape {array.shape}: must be ({size},), one entry per request")
            # A share is infinite where the channel is dead: such a request fits no batch.
            infinite_is_valid = name.endswith("_share")
            if np.isnan(array).any() or (np.isinf(array).any() and not infinite_is_valid):
                allowed = "a number" if infinite_is_valid else "finite"
                raise ValueError(f"{name}: every entry must be {allowed}")
            if name != "slack_s" and (array < 0).any():
                raise ValueError(f"{name}: every entry must be at least 0, the least is {array.min():g}")
        check_values(self.values)
        for name, limit in (("window_s", self.rule.window_s), ("memory_limit_bytes", self.rule.memory_limit_bytes)):
            check_limit(name, limit)
        if size > 0:
            prompts, outputs = self.candidates.prompt_tokens, self.candidates.output_tokens
            shortest, longest = (prompts.min(), outputs.min()), (prompts.max(), outputs.max())
            for name, cost in (("compute_s", self.rule.compute_s), ("memory_bytes", self.rule.memory_bytes)):
                check_monotone(f"rule.{name}.base", cost.base, shortest, longest)
                check_monotone(f"rule.{name}.marginal", cost.marginal, shortest, longest)
                if not (least := cost.marginal(*shortest)) >= 0:
                    raise ValueError(f"rule.{name}.marginal is {least:g} for the shortest request: must be at least 0")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def counts_requests(self) -> bool:
        """Whether every request has the same value, so that the best batch is the largest."""
        return bool((self.values == self.values[:1]).all())

    @classmethod
    @checked
    def additive(
        cls,
        compute_s: ArrayLike,
        uplink_share: ArrayLike,
        downlink_share: ArrayLike,
        memory_bytes: ArrayLike,
        slack_s: ArrayLike,
        *,
        window_s: float,
        memory_limit_bytes: float,
        values: ArrayLike | None = None,
    ) -> BatchProblem:
        """A problem in which each request has costs of its own that add up; arrays of shape (n,).

        `window_s` (s) bounds the compute time of any batch, `memory_limit_bytes` its memory.
        """
        compute, slack = _numbers("compute_s", compute_s), _numbers("slack_s", slack_s)
        window, memory = _limit("window_s", window_s), _limit("memory_limit_bytes", memory_limit_bytes)
        if slack.ndim != 1:
            raise ValueError(f"slack_s has shape {slack.shape}: must have one entry per request")
        nothing = AffineCost(Polynomial(), Polynomial())
        length = np.ones(slack.shape)
        return cls(
            Rule(nothing, nothing, nothing, False, False, window, memory),
            Candidates(
                length,
                length,
                slack,
                _numbers("uplink_share", uplink_share),
                _numbers("downlink_share", downlink_share),
                compute,
                _numbers("memory_bytes", memory_bytes),
            ),
            np.ones(slack.shape) if values is None else _numbers("values", values),
        )

    @classmethod
    @checked
    def of_row(cls, simulation: Simulation, row: int = 0) -> BatchProblem:
        """The epoch problem of a simulated row: its visible requests, each of value 1."""
        simulation.check_row(row)
        candidates = candidates_of_row(simulation.state, row)
        return cls(simulation.rule(row), candidates, np.ones(len(candidates.slack_s)))

    @checked
    def is_feasible(self, selected: NDArray[np.bool_]) -> bool:
        """Whether a batch, bool of shape (n,), can be served: the rule that environments mask with."""
        self._check_batch(selected)
        return bool(batch_is_feasible(self.rule, self.candidates, selected))

    @checked
    def value(self, selected: NDArray[np.bool_]) -> float:
        """Σ v_i over a batch."""
        self._check_batch(selected)
        return float(self.values[selected].sum())

    def _check_batch(self, selected: NDArray[np.bool_]) -> None:
        if selected.shape != self.values.shape or selected.dtype != np.bool_:
            raise ValueError(
                f"selected = {shown(selected)}: must be a bool array of shape {self.values.shape}, an entry per request"
            )


def _numbers(name: str, given: ArrayLike) -> NDArray[np.float64]:
    """An argument as float64; raises TypeError, naming it, for what is no array of real numbers."""
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "fiub":
            raise TypeError("of another kind")
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} = {shown(given)}: must be numbers, an entry per request") from None


def _limit(name: str, given: float) -> float:
    """A capacity as a float; raises ValueError, naming it, unless it is finite and at least 0."""
    try:
        limit = float(given)
    except OverflowError:  # an integer that no float comes near
        raise ValueError(f"{name} = {shown(given)}: must be finite and at least 0") from None
    check_limit(name, limit)
    return limit


def check_values(values: NDArray[np.float64]) -> None:
    """Raise ValueError unless values, at least 0, have a finite sum and can be told apart in sums.

    One problem of shape (n,) or many of shape (problems, n).
    """
    with np.errstate(over="ignore"):  # said in words below
        total = values.sum(axis=-1)
    if not np.isfinite(total).all():
        raise ValueError(f"values add up to inf, the largest is {values.max():g}: their sum must be finite")
    largest = values.max(axis=-1, initial=0.0)
    smallest = np.where(values > 0.0, values, np.inf).min(axis=-1, initial=np.inf)
    if (wide := largest / MOST_SPAN > smallest).any():
        raise ValueError(
            f"values range from {smallest[wide][0]:g} to {largest[wide][0]:g}: the largest must be at most "
            f"{MOST_SPAN:g} times the smallest above 0, so that sums tell them apart"
        )


def check_limit(name: str, limit: float) -> None:
    """Raise ValueError unless a capacity is finite and at least 0."""
    if not np.isfinite(limit) or limit < 0:
        raise ValueError(f"{name} = {limit}: must be finite and at least 0")


def check_monotone(
    name: str, polynomial: Polynomial, shortest: tuple[float, float], longest: tuple[float, float]
) -> None:
    """Raise ValueError if a polynomial falls with a length anywhere between two pairs of lengths (tokens).

    Its derivatives are linear, so the least of each is at a corner.
    """
    for s in (shortest[0], longest[0]):
        for n in (shortest[1], longest[1]):
            by_prompt = polynomial.s + 2.0 * polynomial.s_squared * s + polynomial.s_times_n * n
            by_output = polynomial.n + 2.0 * polynomial.n_squared * n + polynomial.s_times_n * s
            for length, slope in (("prompt", by_prompt), ("output", by_output)):
                if not slope >= 0.0:
                    raise ValueError(
                        f"{name} changes by {slope:g} per {length} token at {s:g} and {n:g} tokens: must not fall"
                    )


def check_limits(node_limit: int | None, time_limit_s: float | None) -> None:
    """Raise ValueError for a limit of a solver that is given and not positive."""
    if node_limit is not None and not node_limit >= 1:
        raise ValueError(f"node_limit = {node_limit}: must be at least 1, or None")
    if time_limit_s is not None and not time_limit_s > 0:
        raise ValueError(f"time_limit_s = {time_limit_s}: must be greater than 0, or None")


class Solution(NamedTuple):
    """The batch of n candidates that a solver found, and how good it is known to be."""

    selected: NDArray[np.bool_]
    """(n,) the batch."""
    value: float
    """Σ v_i over the batch."""
    nodes: int
    """Search nodes visited."""
    optimal: bool
    """Whether no batch is worth more."""
    upper_bound: float
    """No batch is worth more than this; equal to `value` when optimal."""


class Solver(Protocol):
    """Anything that chooses a batch of an epoch."""

    def solve(self, problem: BatchProblem) -> Solution:
        """A feasible batch of the problem."""
        ...
