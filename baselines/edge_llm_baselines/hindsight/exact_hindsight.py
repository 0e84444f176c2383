"""`ExactHindsight`: the best schedule of a short episode, as one mixed-integer program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag, csr_array, vstack

from edge_llm_baselines.hindsight.episode import NEVER, Schedulable
from edge_llm_baselines.hindsight.hindsight import Hindsight
from edge_llm_baselines.solvers.milp import drop_until_feasible, highs_nodes
from edge_llm_baselines.solvers.milp_model import MilpModel, model_of
from edge_llm_baselines.solvers.problem import check_limits

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

LIMIT_REACHED = 1
"""`status` of `scipy.optimize.milp` when the time limit stopped it."""

ROUNDING = 1e-4
"""Added to HiGHS's bound before it is rounded down to a whole number of requests."""


class ExactHindsight:
    """The best schedule, by HiGHS, for episodes of a few epochs.

    The program is that of `edge_llm_baselines.solvers.milp_model` for each epoch, side by side, with one row more for
    each request of several chances: it is served at most once. As for `MilpSolver`, a batch that HiGHS finds and the
    feasibility rule rejects loses requests until it is accepted; the bound then stays above the value. It
    stops as `MilpSolver` does, by `node_limit` or `time_limit_s`, with the best found by then and the bound proven by
    then: see `Hindsight.optimal`. There are no prices; `iterations` counts HiGHS's nodes.

    Raises ValueError for a limit that is not positive, RuntimeError if HiGHS fails.
    """

    def __init__(self, time_limit_s: float | None = None, *, node_limit: int | None = None) -> None:
        check_limits(node_limit, time_limit_s)
        self.time_limit_s = time_limit_s
        self.node_limit = highs_nodes(node_limit, time_limit_s)

    def solve(self, episode: Schedulable) -> Hindsight:
        """The best schedule, or the best found within the limit."""
        schedule = np.full(episode.requests, NEVER, dtype=np.int64)
        epochs = np.unique(episode.offers.epoch)
        if len(epochs) == 0:
            return Hindsight(schedule, 0, 0, None, 0)
        models = [model_of(episode.problem(int(epoch))) for epoch in epochs]
        request = np.concatenate(
            [column_requests(episode, int(epoch), model) for epoch, model in zip(epochs, models, strict=True)]
        )
        limit_s = np.inf if self.time_limit_s is None else self.time_limit_s
        result = solved_together(models, request, self.node_limit, time_limit_s=limit_s)
        if result.x is None and result.status != LIMIT_REACHED:
            raise RuntimeError(f"HiGHS: {result.message}")
        if result.x is not None:
            write_schedule(episode, epochs, models, result.x, schedule)
        served = episode.value(schedule)
        return Hindsight(
            schedule, served, max(served, proven_bound(episode, result)), None, int(result.mip_node_count or 0)
        )


def solved_together(
    models: Sequence[MilpModel],
    request: NDArray[np.int64],
    node_limit: int,
    *,
    time_limit_s: float = np.inf,
    gap: float = 0.0,
    spare: float = 0.0,
) -> OptimizeResult:
    """What HiGHS finds of the programs of several epochs, side by side, in which each request is served at most once.

    `request` (variables,) as `column_requests` gives it, of all programs. The search ends after so many nodes, so
    long, or with the bound within the part `gap` of the best that is found. Every limit is loosened by the part `spare`
    of it.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows, once = served_once(request)
    value = np.concatenate([model.value for model in models])
    limit = np.concatenate([*(model.limit for model in models), once])
    return milp(
        -value,
        integrality=np.ones(len(value), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(
            vstack([block_diag([model.rows for model in models]), rows], format="csr"),
            -np.inf,
            limit + spare * np.abs(limit),
        ),
        options={"mip_rel_gap": gap, "time_limit": time_limit_s, "node_limit": node_limit},
    )


def column_requests(episode: Schedulable, epoch: int, model: MilpModel) -> NDArray[np.int64]:
    """(variables,) the request that each variable of an epoch's program serves, -1 for those that serve none."""
    offers = model.among[model.owner] + episode.offers.first[epoch]
    others = len(model.value) - len(offers)
    return np.concatenate([episode.offers.request[offers], np.full(others, -1, dtype=np.int64)])


def served_once(request: NDArray[np.int64]) -> tuple[csr_array, NDArray[np.float64]]:
    """Rows and limits: at most one variable serves each request. (variables,) as `column_requests` gives them."""
    columns = np.flatnonzero(request >= 0)
    _, row, count = np.unique(request[columns], return_inverse=True, return_counts=True)
    contested = count[row] > 1
    columns, row = columns[contested], row[contested]
    _, row = np.unique(row, return_inverse=True)
    size = int(row.max(initial=-1)) + 1
    return csr_array((np.ones(len(row)), (row, columns)), shape=(size, len(request))), np.ones(size)


def write_schedule(
    episode: Schedulable,
    epochs: NDArray[np.int64],
    models: list[MilpModel],
    x: NDArray[np.float64],
    schedule: NDArray[np.int64],
) -> None:
    """Read a schedule off the variables, each batch accepted by the feasibility rule."""
    start = 0
    for epoch, model in zip(epochs, models, strict=True):
        problem = episode.problem(int(epoch))
        selected = np.zeros(len(problem), dtype=np.bool_)
        selected[model.among[model.owner[x[start : start + len(model.owner)] > 0.5]]] = True
        drop_until_feasible(problem, selected)
        schedule[episode.offers.request[episode.offers.first[epoch] + np.flatnonzero(selected)]] = epoch
        start += len(model.value)


def proven_bound(episode: Schedulable, result: OptimizeResult) -> int:
    """What HiGHS proves that no schedule exceeds; the requests that have a chance at all where it proves nothing."""
    most = int((episode.chances() > 0).sum())
    bound = result.mip_dual_bound
    if bound is None or not np.isfinite(bound):
        return most
    return min(most, math.floor(-bound + ROUNDING))
