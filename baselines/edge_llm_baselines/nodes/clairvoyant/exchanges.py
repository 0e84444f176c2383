"""Schedules of a network made better batch by batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER, candidates_between
from edge_llm_baselines.nodes.clairvoyant.batches import NetworkBatches
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.support.calling import direct

NODES = 400
"""Of the search for one batch; where it stops, the batch that it has is taken if that is better."""

LEVELS = 64
"""Of what somebody is worth whom another batch serves already, all of them together less than one request more."""


def exchanged(
    batches: NetworkBatches, schedule: NDArray[np.int64], passes: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """A schedule that serves at least as many: every batch is chosen anew, in a random order, so many times over.

    A batch counts those whom nobody else serves. Of those that serve as many it takes the one that relieves others
    most: whom it takes over leaves room where they were. What that is worth is drawn anew for every batch, as it is
    not known who is missed least. Equal generators, equal schedules.
    """
    schedule, offers = schedule.copy(), batches.offers
    for _ in range(passes):
        for batch in rng.permutation(len(batches.rules)).tolist():
            first, last = offers.first[batch : batch + 2]
            if first == last:
                continue
            requests = offers.request[first:last]
            now = schedule[requests]
            mine = now == batch
            elsewhere = (now != NEVER) & ~mine
            whole = LEVELS * (len(requests) + 1)
            values = np.where(elsewhere, rng.integers(0, LEVELS, len(requests)), whole).astype(np.float64)
            candidates = candidates_between(offers.candidates, first, last)
            selected, _, _, _ = direct(best_batch)(batches.rules[batch], candidates, values, NODES, NODES)
            if values[selected].sum() > values[mine].sum():
                schedule[requests[mine]] = NEVER
                schedule[requests[selected & (values > 0.0)]] = batch
    return schedule
