"""What a clairvoyant earns with a rack: a dynamic programme, exact where nobody can wait, and a bound elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.economics import economics, profits
from edge_llm_baselines.racks.policy import RackRule
from edge_llm_env.rack.params import RackParams, rack_params
from edge_llm_env.rack.state import N_EPOCHS, R_ENERGY, R_EXPIRED, R_SERVED, R_TOKENS
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

NOT = -1e18
"""What cannot be."""


class Chances(NamedTuple):
    """In which epochs each request that suits the rack can be served: from `first` to `last`, (N,) each."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, params: RackParams, workload: Workload) -> Chances:
        """Those of a workload in its episode; who can be served in no epoch of it is left out."""
        suits = (
            (workload.accuracy_requirement <= params.offered_accuracy)
            & (workload.prompt_tokens <= params.longest_prompt_tokens)
            & (workload.output_tokens <= params.longest_output_tokens)
        )
        starts_s = (np.arange(params.episode_epochs) + 1) * params.epoch_s
        arrival_s = workload.arrival_s[suits]
        due_s = arrival_s + workload.latency_requirement_s[suits]
        first = np.searchsorted(starts_s, arrival_s, side="right")  # the first epoch that begins later
        last = np.searchsorted(starts_s + params.epoch_s, due_s, side="right") - 1  # the last that ends by then
        possible = (first <= last) & (first < params.episode_epochs)
        return cls(first[possible], last[possible])

    @property
    def one_each(self) -> bool:
        """Whether nobody can wait: each has one epoch."""
        return bool((self.first == self.last).all())


class Optimum(NamedTuple):
    """What a clairvoyant earns in an episode."""

    value: float
    """The episode's reward."""
    modules_on: NDArray[np.int64]
    """(T,) modules that it has on in each epoch."""


def optimum(scenario: Scenario, workload: Workload) -> Optimum:
    """The schedule of modules that earns most, exact: for requests none of which can wait for a later epoch.

    A dynamic programme over epochs and ready modules: a module that becomes ready was paid while it started, one that
    goes is free. Exact if n + 1 ready modules earn no less than n of the same load: then no module is switched off for
    a shorter time than it takes to start, and those that are ready and start together are never more than there are.

    Raises `ScenarioError` where tokens or expired requests are paid for, ValueError where requests can wait.
    """
    params = _params(scenario)
    chances, money = Chances.of(params, workload), economics(params)
    if not chances.one_each:
        raise ValueError("workload: requests can wait for a later epoch, must have one epoch each")
    load = np.bincount(chances.first, minlength=params.episode_epochs)[: params.episode_epochs]
    ready_count = np.arange(params.modules + 1)
    gains = profits(params, load) - money.idle_price * ready_count
    up = np.maximum(0, ready_count[None] - ready_count[:, None])  # from a count to another
    value = np.zeros(params.modules + 1)
    choices = np.zeros((params.episode_epochs, params.modules + 1), dtype=np.int64)
    for epoch in range(params.episode_epochs - 1, -1, -1):
        cost = money.idle_price * money.start_epochs * up
        if epoch < money.start_epochs:
            cost = np.where(up > 0, -NOT, cost)
        worth = (gains[epoch] + value)[None] - cost
        choices[epoch] = worth.argmax(axis=1)
        value = worth.max(axis=1)
    ready = np.zeros(params.episode_epochs, dtype=np.int64)
    before = params.modules_at_start
    for epoch in range(params.episode_epochs):
        before = ready[epoch] = choices[epoch, before]
    return Optimum(float(value[params.modules_at_start]), _on(ready, params.modules_at_start, money.start_epochs))


def _on(ready: NDArray[np.int64], at_start: int, start_epochs: int) -> NDArray[np.int64]:
    """Modules that are on so that these are ready."""
    rises = np.maximum(0, np.diff(ready, prepend=at_start))
    on = ready.copy()
    for epoch in np.flatnonzero(rises).tolist():
        on[max(0, epoch - start_epochs) : epoch] += rises[epoch]
    return on


def bound(scenario: Scenario, workload: Workload) -> float:
    """What no policy earns more than in an episode, whoever can wait: a linear programme in which modules have parts.

    Each request is served once at most in one of its epochs, at its part of the energy of the largest batch; that
    modules are whole is left out. Raises `ScenarioError` where tokens or expired requests are paid for.
    """
    params = _params(scenario)
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
    if Chances.of(_params(scenario), workload).one_each:
        return optimum(scenario, workload).value
    return bound(scenario, workload)


def _capacity_per_module(params: RackParams) -> float:
    """Most requests that a ready module serves in an epoch, in whatever number of them."""
    if params.modules_per_group:
        return float(params.largest[params.modules_per_group]) / params.modules_per_group
    return float((params.largest[1:] / np.arange(1, params.modules + 1)).max())


def _least_energy_j(params: RackParams) -> float:
    """Least energy that a request takes, in the largest batch of a group."""
    sizes = np.flatnonzero(params.largest)
    if params.modules_per_group:
        sizes = np.array([params.modules_per_group])
    return float((params.base_j[sizes] / params.largest[sizes] + params.one_j[sizes]).min())


def _params(scenario: Scenario) -> RackParams:
    params = rack_params(scenario)
    for term, name in ((R_TOKENS, "tokens"), (R_EXPIRED, "expired")):
        if params.reward_weights[term]:
            raise ScenarioError(
                f"scenario {scenario.name}: reward.{name} = {params.reward_weights[term]:g}: must be 0, as what a "
                "clairvoyant earns is known of served requests and energy"
            )
    if params.reward_weights[R_SERVED] < 0 or params.reward_weights[R_ENERGY] > 0:
        raise ScenarioError(f"scenario {scenario.name}: reward: served must be at least 0, and energy at most 0")
    return params


class Scheduled(RackRule):
    """Has as many modules on in each epoch as a schedule says, (R, T)."""

    def __init__(self, env: Any, modules_on: NDArray[np.int64]) -> None:
        super().__init__(env)
        self._modules_on = modules_on

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """A schedule is for an episode."""

    def wanted(self) -> NDArray[np.int64]:
        """(R,) modules."""
        epochs = np.minimum(self.state.counters[:, N_EPOCHS], self._modules_on.shape[1] - 1)
        wanted: NDArray[np.int64] = self._modules_on[self._rows, epochs]
        return wanted


def hindsight_of_racks(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """How many requests can be served at all: as many as all modules on from the start serve.

    More modules never serve fewer, and whom is due first is served first, so that this is both schedule and bound. What
    a clairvoyant earns is another question (`optimum`, `bound`): it lets some of them go.
    """
    started_s = time.perf_counter()
    epochs, modules = scenario.epoch.episode_epochs, scenario.node.modules
    everything = np.full((len(workloads), epochs), modules)
    served = earned(lambda env: Scheduled(env, everything), scenario, workloads).served
    return HindsightBounds(served, served.copy(), (time.perf_counter() - started_s) / len(workloads))
