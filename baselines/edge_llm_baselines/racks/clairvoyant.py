"""What a clairvoyant earns with a rack: a dynamic programme, exact where nobody can wait, and a bound elsewhere."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.economics import economics, paid_params
from edge_llm_baselines.racks.optimum import Chances, optimum
from edge_llm_baselines.racks.policy import Scheduled
from edge_llm_env.rack.epoch import served_by
from edge_llm_env.rack.params import RackParams, rack_params
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import R_ENERGY, R_SERVED
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.workload import Workload


def bound(scenario: Scenario, workload: Workload) -> float:
    """What no policy earns more than in an episode, whoever can wait: a linear programme in which modules have parts.

    Each request is served once at most in one of its epochs, at its part of the energy of the largest batch; that
    modules are whole, and that those of a new size start anew, is left out. Raises `ScenarioError` where tokens or
    expired requests are paid for.
    """
    params = paid_params(scenario)
    chances, money = Chances.of(params, workload), economics(params)
    epochs, modules = params.episode_epochs, params.modules
    windows, counts = np.unique(
        np.stack([chances.first, np.minimum(chances.last, epochs - 1)]), axis=1, return_counts=True
    )
    spans = windows[1] - windows[0] + 1
    window = np.repeat(np.arange(len(counts)), spans)
    served_in = np.concatenate([np.arange(first, last + 1) for first, last in windows.T.tolist()] or [np.zeros(0, int)])
    pairs, index = len(window), np.arange(epochs)
    per_request = params.reward_weights[R_SERVED] + params.reward_weights[R_ENERGY] * _least_energy_j(params)
    # variables: requests of a window served in an epoch; ready modules, and those that become ready, in each epoch
    objective = np.concatenate(
        [
            np.full(pairs, per_request),
            np.full(epochs, -money.idle_price),
            np.full(epochs, -money.idle_price * money.start_epochs),
        ]
    )
    per_module = float(_capacity_per_module(params))
    serving = sparse.coo_matrix((np.ones(pairs), (served_in, np.arange(pairs))), shape=(epochs, pairs))
    ready = sparse.identity(epochs)
    steps = sparse.identity(epochs) - sparse.coo_matrix(
        (np.ones(epochs - 1), (index[1:], index[:-1])), shape=(epochs, epochs)
    )
    once = sparse.coo_matrix((np.ones(pairs), (window, np.arange(pairs))), shape=(len(counts), pairs))
    blocks: Any = [
        [serving, -per_module * ready, None],
        [None, steps, -sparse.identity(epochs)],
        [once, None, sparse.coo_matrix((len(counts), epochs))],
    ]
    rows = sparse.bmat(blocks, format="csr")
    first_ready = np.zeros(epochs)
    first_ready[0] = params.modules_at_start
    most = np.concatenate([np.full(pairs, np.inf), np.full(epochs, modules), np.full(epochs, modules)])
    most[pairs + epochs : pairs + epochs + min(epochs, money.start_epochs)] = 0.0
    limits = np.concatenate([np.zeros(epochs), first_ready, counts])
    solve: Any = linprog  # whose types know no sparse matrices
    found = solve(-objective, A_ub=rows, b_ub=limits, bounds=np.stack([np.zeros_like(most), most], axis=1))
    return float(-found.fun) * (1.0 + 1e-9)


def most_earned(scenario: Scenario, workload: Workload) -> float:
    """What nobody earns more than in an episode: the optimum where no request can wait, and the bound elsewhere.

    Raises `ScenarioError` where tokens or expired requests are paid for.
    """
    if Chances.of(paid_params(scenario), workload).one_each:
        return optimum(scenario, workload).value
    return bound(scenario, workload)


def _sizes(params: RackParams) -> NDArray[np.int64]:
    """(K,) how many modules can work as one and serve somebody."""
    sizes = params.group_sizes if params.group_sizes[0] else np.arange(1, params.modules + 1)
    return sizes[params.largest[sizes] > 0]


def _capacity_per_module(params: RackParams) -> float:
    """Most requests that a ready module serves in an epoch, in whatever number of them."""
    sizes = _sizes(params)
    return float((params.largest[sizes] / sizes).max())


def _least_energy_j(params: RackParams) -> float:
    """Least energy that a request takes, in the largest batch of a group."""
    sizes = _sizes(params)
    return float((params.base_j[sizes] / params.largest[sizes] + params.one_j[sizes]).min())


def hindsight_of_racks(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """How many requests can be served at all: as many as all modules on from the start serve.

    Whom is due first is served first, and more groups never serve fewer, so that this is both schedule and bound.
    Where groups are chosen the schedule keeps to one size, and the bound has the best of each epoch; where all modules
    work as one, which more of them can slow down, it has the best number of each epoch. What a clairvoyant earns is
    another question (`optimum`, `bound`): it lets some of them go.
    """
    started_s = time.perf_counter()
    params = rack_params(scenario)
    everything = np.full((len(workloads), params.episode_epochs), params.modules)
    kept = [
        earned(partial(Scheduled, modules_on=everything, places=np.full_like(everything, place)), scenario, workloads)
        for place in range(len(params.group_sizes))
    ]
    served = np.max([one.served for one in kept], axis=0)
    most = np.array([_most_served(params, Chances.of(params, workload)) for workload in workloads])
    return HindsightBounds(served, most, (time.perf_counter() - started_s) / len(workloads))


def _most_served(params: RackParams, chances: Chances) -> int:
    """Requests served if all modules are on from the start, and as many of them used as serve most, due first."""
    start_epochs, served = economics(params).start_epochs, 0
    waiting: list[int] = []
    arriving = np.argsort(chances.first, kind="stable").tolist()[::-1]
    for epoch in range(params.episode_epochs):
        ready = params.modules_at_start if epoch < start_epochs else params.modules
        groups = [direct(served_by)(size, used) for size in params.group_sizes.tolist() for used in range(ready + 1)]
        capacity = max(count * int(params.largest[together]) for count, together in groups)
        while arriving and chances.first[arriving[-1]] == epoch:
            heapq.heappush(waiting, int(chances.last[arriving.pop()]))
        while waiting and waiting[0] < epoch:
            heapq.heappop(waiting)
        for _ in range(min(capacity, len(waiting))):
            heapq.heappop(waiting)
            served += 1
    return served
