"""Bounds on what any policy could serve: a whole episode optimised with all arrivals and channels known."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.annealing import annealed_schedule
from edge_llm_baselines.hindsight.block_bound import block_bound
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.forward_schedule import forward_schedule
from edge_llm_baselines.hindsight.lagrangian import descend
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.workload import Workload


class Hindsight(NamedTuple):
    """What is known of the best schedule of an episode."""

    schedule: NDArray[np.int64]
    """(requests,) the best schedule found: the epoch that serves each request, or NEVER."""
    value: int
    """Requests that it serves: a clairvoyant node that chooses among all pending requests serves as many. A policy that
    chooses among `epoch.visible_slots` of them may not be able to."""
    upper_bound: int
    """No schedule serves more, so no policy does, however many slots it sees."""
    prices: NDArray[np.float64] | None
    """(requests,) multipliers μ in 0..1 of the bound: what serving a request later is worth. None if there are none.

    L(μ) alone (`edge_llm_baselines.hindsight.lagrangian`) can be above the bound."""
    iterations: int
    """Bounds computed, or branch-and-bound nodes."""

    @property
    def optimal(self) -> bool:
        """Whether the schedule is proven best."""
        return self.value == self.upper_bound

    @property
    def gap(self) -> float:
        """(bound - value) / value, 0 where both are 0."""
        return (self.upper_bound - self.value) / max(1, self.value)


class HindsightSolver(Protocol):
    """Anything that bounds an episode."""

    def solve(self, episode: EpisodeProblem) -> Hindsight:
        """A schedule and a bound."""
        ...


MOST_WORK = 2**31
"""Of any number that says how much to search: products with an episode's offers stay within 64 bits."""


class LagrangianHindsight:
    """A schedule and an upper bound, close to each other, for episodes of any length.

    The best of the schedule that serves all it can in every epoch (`edge_llm_baselines.hindsight.forward_schedule`) and
    of `restarts` annealed ones (`edge_llm_baselines.hindsight.annealing`), each of `moves_per_offer` moves for every
    chance to serve a request; then the Lagrangian bound (`edge_llm_baselines.hindsight.lagrangian`), valid after any
    number of `iterations`; then that bound with neighbouring epochs joined to blocks
    (`edge_llm_baselines.hindsight.block_bound`), in searches of about `block_nodes` nodes in all, none if it is 0. The
    search ends early when the bound is within `gap` (relative) of the schedule. Equal `seed`, equal result.

    Raises ValueError for a gap that is negative or not finite, and for numbers beyond 2³¹, negative nodes or a negative
    seed, and other numbers less than one.
    """

    @checked
    def __init__(
        self,
        iterations: int = 150,
        *,
        restarts: int = 4,
        moves_per_offer: int = 4000,
        block_nodes: int = 400_000,
        gap: float = 0.0,
        seed: int = 0,
    ) -> None:
        for name, number in (("iterations", iterations), ("restarts", restarts), ("moves_per_offer", moves_per_offer)):
            if not 1 <= number <= MOST_WORK:
                raise ValueError(f"{name} = {shown(number)}: must be in 1..{MOST_WORK}")
        if not 0 <= block_nodes <= MOST_WORK:
            raise ValueError(f"block_nodes = {shown(block_nodes)}: must be in 0..{MOST_WORK}")
        if not 0 <= gap < math.inf:
            raise ValueError(f"gap = {gap}: must be finite and at least 0")
        if seed < 0:
            raise ValueError(f"seed = {shown(seed)}: must be at least 0")
        self.iterations = iterations
        self.restarts = restarts
        self.moves_per_offer = moves_per_offer
        self.block_nodes = block_nodes
        self.gap = gap
        self.seed = seed

    @checked
    def solve(self, episode: EpisodeProblem) -> Hindsight:
        """The bound and the best schedule found."""
        rng = np.random.default_rng(self.seed)
        moves = self.moves_per_offer * len(episode.offers.request)
        schedules = [forward_schedule(episode), *(annealed_schedule(episode, moves, rng) for _ in range(self.restarts))]
        schedule = max(schedules, key=episode.value)
        value = episode.value(schedule)
        descent = descend(episode, value, self.iterations, self.gap)
        enough = math.floor(value + self.gap * value)
        bound = block_bound(episode, descent.prices, descent.relaxed, enough, self.block_nodes)
        return Hindsight(schedule, value, max(value, bound), descent.prices, descent.iterations)


class HindsightBounds(NamedTuple):
    """What could have been served on each of E workloads by who knew all arrivals, and what nobody exceeds."""

    served: NDArray[np.int64]
    """(E,) requests that the best schedule found serves."""
    upper_bound: NDArray[np.int64]
    """(E,) no policy serves more."""
    seconds: float
    """Mean time per workload."""


@checked
def hindsight_bounds(
    scenario: Scenario, workloads: Sequence[Workload], solver: HindsightSolver | None = None
) -> HindsightBounds:
    """What could be served on each workload, by default by `LagrangianHindsight`.

    Raises ValueError for no workload, and ScenarioError where an episode is more than batches of one model on one node:
    as `one_model_bounds`, and for a node with variants, of which each serves whom others do not.
    """
    if scenario.node.variants:
        raise ScenarioError(
            f"scenario {scenario.name}: node.variants: must be left out here; the registry's hindsight of "
            "EdgeLLM/Compute-v0, EdgeLLM/Joint-v0 and EdgeLLM/ServiceLevel-v0 is of variants"
        )
    return one_model_bounds(scenario, workloads, solver)


def one_model_bounds(
    scenario: Scenario, workloads: Sequence[Workload], solver: HindsightSolver | None = None
) -> HindsightBounds:
    """What batches of `node.decoder` on all modules could serve: a bound of environments that host no variants.

    Raises ValueError for no workload, and ScenarioError for uploads that carry over, of which each epoch holds a part,
    for agent tasks, whose calls arrive as others are served, and for networks, whose other nodes serve too.
    """
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    if scenario.workload.tasks is not None:
        raise ScenarioError(
            f"scenario {scenario.name}: workload.tasks: must be left out here; "
            "the registry's hindsight of EdgeLLM/BatchSelection-v0 is of tasks too"
        )
    if scenario.network is not None:
        raise ScenarioError(
            f"scenario {scenario.name}: network: must be left out here; "
            "the registry's hindsight of EdgeLLM/MultiNode-v0 is of several nodes"
        )
    if scenario.radio.transfers == "carried_over":
        raise ScenarioError(
            f'scenario {scenario.name}: radio.transfers = "carried_over": must be "within_epoch" here; '
            "the registry's hindsight of EdgeLLM/Bandwidth-v0 is of uploads that carry over"
        )
    solver = solver or LagrangianHindsight()
    started_s = time.perf_counter()
    found = [solver.solve(EpisodeProblem.of_workload(scenario, workload)) for workload in workloads]
    return HindsightBounds(
        np.array([hindsight.value for hindsight in found]),
        np.array([hindsight.upper_bound for hindsight in found]),
        (time.perf_counter() - started_s) / len(workloads),
    )
