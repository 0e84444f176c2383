"""The schedule of a rack's modules that earns most, exact where nobody can wait: a dynamic programme over epochs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.racks.economics import economics, paid_params, profits
from edge_llm_env.rack.params import RackParams
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
    places: NDArray[np.int64]
    """(T,) which of the sizes of groups they have."""


def optimum(scenario: Scenario, workload: Workload) -> Optimum:
    """The schedule of modules that earns most, for requests none of which can wait for a later epoch.

    A dynamic programme over epochs, sizes of groups and ready modules: a module that becomes ready was paid while it
    started, one that goes is free, and of a new size none is ready until those that start anew have started. Exact if
    n + 1 ready modules earn no less than n of the same load: then no module is switched off for a shorter time than it
    takes to start, and those that are ready and start together are never more than there are. Elsewhere they can be
    more, so that the value is one that nobody exceeds.

    Raises `ScenarioError` where tokens or expired requests are paid for, ValueError where requests can wait.
    """
    params = paid_params(scenario)
    chances = Chances.of(params, workload)
    if not chances.one_each:
        raise ValueError("workload: requests can wait for a later epoch, must have one epoch each")
    load = np.bincount(chances.first, minlength=params.episode_epochs)[: params.episode_epochs]
    return _Programme(params, load).schedule()


class _Programme:
    """Values of every epoch, size (S) and number of ready modules (M + 1) before it, found from the last epoch on."""

    def __init__(self, params: RackParams, load: NDArray[np.int64]) -> None:
        self.params, self.money = params, economics(params)
        epochs, sizes, counts = params.episode_epochs, len(params.group_sizes), np.arange(params.modules + 1)
        gains = np.stack([profits(params, load, size) for size in params.group_sizes.tolist()])  # (S, T, M + 1)
        gains -= self.money.idle_price * counts
        self.started = self.money.idle_price * self.money.start_epochs * counts
        """(M + 1,) the price of so many starts."""
        rises = np.maximum(0, counts[None] - counts[:, None])  # from a count to another
        self.value = np.zeros((epochs + 1, sizes, params.modules + 1))
        self.ready = np.zeros((epochs, sizes, params.modules + 1), dtype=np.int64)
        """Modules that are ready in an epoch, if its size stays."""
        self.anew = np.full((epochs, sizes, 2), -1)
        """Size and modules that start anew in an epoch, if the size does not stay."""
        self.stays = np.ones((epochs, sizes, params.modules + 1), dtype=np.bool_)
        for epoch in range(epochs - 1, -1, -1):
            cost = np.where(rises > 0, -NOT, 0.0) if epoch < self.money.start_epochs else self.started[rises]
            worth = (gains[:, epoch] + self.value[epoch + 1])[:, None] - cost  # (S, before, ready)
            self.ready[epoch] = worth.argmax(axis=2)
            self.value[epoch] = worth.max(axis=2)
            if sizes > 1 and epoch + self.money.start_epochs < epochs:
                self._regroup(epoch)

    def _regroup(self, epoch: int) -> None:
        """Let the size change in an epoch where that is worth more."""
        worth = self.value[epoch + self.money.start_epochs] - self.started  # (S, started anew)
        best = worth.max(axis=1)
        for place in range(len(best)):
            others = np.where(np.arange(len(best)) == place, NOT, best)
            other = int(others.argmax())
            self.anew[epoch, place] = other, worth[other].argmax()
            self.stays[epoch, place] = self.value[epoch, place] >= others[other]
        self.value[epoch] = np.maximum(
            self.value[epoch], np.where(self.stays[epoch], NOT, best[self.anew[epoch, :, 0]][:, None])
        )

    def schedule(self) -> Optimum:
        """The best, from the first epoch on."""
        epochs, start_epochs = self.params.episode_epochs, self.money.start_epochs
        on, places = np.zeros(epochs, dtype=np.int64), np.zeros(epochs, dtype=np.int64)
        epoch, place, before = 0, 0, self.params.modules_at_start
        while epoch < epochs:
            if not self.stays[epoch, place, before]:
                place, before = self.anew[epoch, place].tolist()
                on[epoch : epoch + start_epochs] += before
                places[epoch : epoch + start_epochs] = place
                epoch += start_epochs
                if start_epochs > 0:
                    continue
            ready = int(self.ready[epoch, place, before])
            on[max(0, epoch - start_epochs) : epoch] += max(0, ready - before)
            on[epoch] += ready
            places[epoch], before, epoch = place, ready, epoch + 1
        return Optimum(float(self.value[0, 0, self.params.modules_at_start]), on, places)
