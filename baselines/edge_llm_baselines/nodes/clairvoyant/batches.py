"""A whole episode of a network as one problem: which batch of which server serves whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER, Offers, candidates_between
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible


@dataclass(frozen=True, eq=False)
class NetworkBatches:
    """Serve as many requests as possible, each at most once, by a feasible batch of every server in every epoch.

    Batch b is that of server b % S in epoch b // S. A schedule is an int array of shape (requests,): the batch that
    serves each request, or NEVER. It has what `edge_llm_baselines.hindsight.episode.EpisodeProblem` has, with batches
    in place of epochs.
    """

    rules: Sequence[Rule]
    """Of each batch."""
    offers: Offers
    """Every chance to serve a request; their `epoch` is the batch."""
    requests: int
    """N, requests on the workload."""

    @classmethod
    def of_servers(cls, rules: Sequence[Sequence[Rule]], offers: Sequence[Offers], requests: int) -> NetworkBatches:
        """Those of servers, of each of which are given its rule in every epoch, and its offers."""
        servers, epochs = len(offers), len(offers[0].first) - 1
        batch = np.concatenate([one.epoch * servers + at for at, one in enumerate(offers)])
        order = np.argsort(batch, kind="stable")
        candidates = zip(*(one.candidates for one in offers), strict=True)
        joined = Offers(
            np.concatenate([one.request for one in offers])[order],
            batch[order],
            np.searchsorted(batch[order], np.arange(epochs * servers + 1)),
            Candidates(*(np.concatenate(field)[order] for field in candidates)),
        )
        return cls([rules[at][epoch] for epoch in range(epochs) for at in range(servers)], joined, requests)

    @property
    def epochs(self) -> int:
        """Batches of the episode, of all servers."""
        return len(self.rules)

    def problem(self, batch: int) -> BatchProblem:
        """The problem of a batch if nobody had been served by others: its offers, each of value 1."""
        first, last = self.offers.first[batch : batch + 2]
        candidates = candidates_between(self.offers.candidates, first, last)
        return BatchProblem(self.rules[batch], candidates, np.ones(last - first))

    def chances(self) -> NDArray[np.int64]:
        """(requests,) by how many batches each request could be served."""
        return np.bincount(self.offers.request, minlength=self.requests)

    def is_feasible(self, schedule: NDArray[np.int64]) -> bool:
        """Whether a schedule serves requests only where it can, in feasible batches."""
        selected = schedule[self.offers.request] == self.offers.epoch
        if selected.sum() != self.value(schedule):
            return False
        return all(
            batch_is_feasible(rule, candidates_between(self.offers.candidates, first, last), selected[first:last])
            for rule, first, last in zip(self.rules, self.offers.first[:-1], self.offers.first[1:], strict=True)
            if selected[first:last].any()
        )

    def value(self, schedule: NDArray[np.int64]) -> int:
        """Requests that a schedule serves."""
        return int((schedule != NEVER).sum())
