"""What one more epoch is worth to a variant that has served for some epochs: a bound that counts nobody twice.

Requests are served in part, in the compute time of whole epochs. The most that epochs of capacities κ_a … κ_t serve of
weighted requests, each in the epochs in which it waits, is a maximum flow F(κ_a, …, κ_t) of time from epochs to
requests. Epochs are substitutes in it (Gale and Politof 1981): what κ_t adds is least beside the most others. So

    F(κ_a, …, κ_b) ≤ Σ_t F(κ_t-A+1, …, κ_t) - F(κ_t-A+1, …, κ_t-1, 0)

for any A, also where less than there was is reckoned of the epochs before t. As all that matters of a request are its
time and the epochs in which it waits, an interval, a flow is feasible if within every interval of epochs no more is
taken than there is, and greatest if the requests of most weight per time come first.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import Offers
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_env.dynamics.modules import variant_rule
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.rule import affine_cost
from edge_llm_env.solver.candidates import request_at
from edge_llm_env.support.compilation.compiling import compiled_allocating


class Times(NamedTuple):
    """Compute time that requests take and modules have."""

    takes_s: NDArray[np.float64]
    """(k, G) least time of one module that a variant takes for the request of each offer; infinite where it cannot."""
    has_s: NDArray[np.float64]
    """(G, M + 1, 2) most time that so many modules of a variant have in an epoch, of one module (s): of those that have
    loaded, and of those that load in it."""


def times_of(episode: ModulesEpisode) -> Times:
    """Those of an episode.

    The base of a batch's cost grows with its longest lengths. What it exceeds that of the shortest by is reckoned in
    equal parts to as many requests as can be in a batch.
    """
    params, offers = episode.params, episode.offers
    variants, modules = len(params.variant_accuracy), params.modules
    takes_s = np.full((len(offers.request), variants), np.inf)
    has_s = np.zeros((variants, modules + 1, 2))
    for variant in range(variants):
        among = np.flatnonzero(episode.able[:, variant])
        if len(among) == 0:
            continue
        per_count = [costs_alone(params, offers, among, variant, count) for count in range(1, modules + 1)]
        possible = np.zeros(len(among), dtype=np.bool_)
        least_s = np.full(len(among), np.inf)
        for count, (base_s, each_s) in enumerate(per_count, start=1):
            possible |= base_s + each_s <= np.minimum(params.window_s, offers.candidates.slack_s[among]) * (1 + 1e-9)
            beyond_s = np.zeros(len(among))
            levels = np.unique(base_s)
            for below, level in pairwise(levels):
                above = base_s >= level
                most = max(1.0, (params.window_s - level) / each_s[above].min())
                beyond_s[above] += (level - below) / most
            least_s = np.minimum(least_s, count * (each_s + beyond_s))
            for late in range(2):
                window_s = params.window_s - (episode.late_s[variant] if late else 0.0)
                has_s[variant, count, late] = count * max(0.0, window_s * (1 + 1e-9) - base_s.min())
        takes_s[among[possible], variant] = least_s[possible]
    return Times(takes_s, has_s)


@compiled_allocating
def costs_alone(
    params: NodeParams, offers: Offers, among: NDArray[np.int64], variant: int, modules: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Base and marginal compute time of each of these offers on that many modules (s), both of the shape of `among`."""
    rule = variant_rule(rule_of(params), params, variant, modules, params.window_s)
    base_s, each_s = np.zeros(len(among)), np.zeros(len(among))
    for i in range(len(among)):
        one = with_request(empty_batch(), request_at(offers.candidates, among[i]))
        longest = one.longest_s, one.longest_n
        nobody = BatchSums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, longest[0], longest[1], 0.0, 0.0, 0.0, 0.0, 0.0)
        base_s[i] = affine_cost(rule, rule.compute_s, nobody)
        each_s[i] = affine_cost(rule, rule.compute_s, one) - base_s[i]
    return base_s, each_s


class Waiting(NamedTuple):
    """Requests that wait in some epochs in a row, those of most weight per time first."""

    request: NDArray[np.int64]
    """(n,) index on the workload."""
    first: NDArray[np.int64]
    """(n,) the first of the epochs in which it waits, from 0."""
    last: NDArray[np.int64]
    """(n,) the last."""
    takes_s: NDArray[np.float64]
    """(n,)"""
    per_s: NDArray[np.float64]
    """(n,) weight per time."""


@compiled_allocating
def waiting_in(
    offers: Offers, takes_s: NDArray[np.float64], weights: NDArray[np.float64], variant: int, begins: int, ends: int
) -> Waiting:
    """The requests of positive weight that a variant can serve in the epochs from `begins` on, before `ends`.

    `weights` is of shape (requests,).
    """
    most = offers.first[ends] - offers.first[begins]
    request, first, last = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64)
    takes, per_s = np.zeros(most), np.zeros(most)
    seen = {-1: 0}
    size = 0
    for epoch in range(begins, ends):
        for offer in range(offers.first[epoch], offers.first[epoch + 1]):
            one = offers.request[offer]
            if weights[one] <= 0.0 or takes_s[offer, variant] == np.inf:
                continue
            if one not in seen:
                seen[one] = size
                request[size], first[size] = one, epoch - begins
                takes[size] = takes_s[offer, variant]
                size += 1
            at = seen[one]
            last[at] = epoch - begins
            takes[at] = min(takes[at], takes_s[offer, variant])
            per_s[at] = weights[one] / takes[at]
    order = np.argsort(-per_s[:size], kind="mergesort")
    return Waiting(request[order], first[order], last[order], takes[order], per_s[order])


@compiled_allocating
def flow(waiting: Waiting, has_s: NDArray[np.float64], taken_s: NDArray[np.float64]) -> float:
    """F: the most weight that epochs with so much time each, (A,), serve of those who wait.

    Writes to `taken_s`, (n,), the time that each gets.
    """
    epochs = len(has_s)
    left_s = np.zeros((epochs, epochs))
    for begin in range(epochs):
        total_s = 0.0
        for end in range(begin, epochs):
            total_s += has_s[end]
            left_s[begin, end] = total_s
    value = 0.0
    for i in range(len(waiting.request)):
        first, last = waiting.first[i], waiting.last[i]
        most_s = waiting.takes_s[i]
        for begin in range(first + 1):
            for end in range(last, epochs):
                most_s = min(most_s, left_s[begin, end])
        taken_s[i] = max(0.0, most_s)
        if most_s > 0.0:
            value += waiting.per_s[i] * most_s
            for begin in range(first + 1):
                for end in range(last, epochs):
                    left_s[begin, end] -= most_s
    return value
