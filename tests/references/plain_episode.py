"""Schedules of an episode in plain Python: checked and enumerated, apart from the code under test."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env import Scenario, Workload
from tests.references.plain_node import Request
from tests.references.plain_roofline import node_of

NEVER = -1


class PlainEpisode:
    """Who can be served together in which epoch, by the reference simulator's rule."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self.scenario, self.workload, self.node = scenario, workload, node_of(scenario)

    def can_serve(self, epoch: int, batch: Sequence[int]) -> bool:
        start_s = (epoch + 1) * self.scenario.epoch.epoch_s
        requests = [self._request(epoch, start_s, i) for i in batch]
        arrived = all(request.arrival_s < start_s for request in requests)
        accuracy = self.scenario.quantization.accuracy
        accurate = all(request.accuracy_requirement <= accuracy for request in requests)
        return not requests or (arrived and accurate and self.node.can_serve(requests, start_s))

    def _request(self, epoch: int, start_s: float, i: int) -> Request:
        workload, epoch_s = self.workload, self.scenario.epoch.epoch_s
        first = next((k for k in range(epoch + 1) if (k + 1) * epoch_s > workload.arrival_s[i]), epoch)
        return Request(
            i,
            float(workload.arrival_s[i]),
            int(workload.prompt_tokens[i]),
            int(workload.output_tokens[i]),
            float(workload.latency_requirement_s[i]),
            float(workload.accuracy_requirement[i]),
            workload.uplink_gain[i].tolist(),
            workload.downlink_gain[i].tolist(),
            epochs_pending=epoch - first,
        )

    def is_feasible(self, schedule: NDArray[np.int64]) -> bool:
        epochs = range(self.scenario.epoch.episode_epochs)
        assert set(schedule.tolist()) <= {NEVER, *epochs}
        return all(self.can_serve(epoch, np.flatnonzero(schedule == epoch).tolist()) for epoch in epochs)

    def most_served(self) -> int:
        """The value of the best schedule: all choices of a batch per epoch are tried."""
        everyone = frozenset(range(self.workload.requests))

        @cache
        def batches(epoch: int) -> list[frozenset[int]]:
            alone = [i for i in everyone if self.can_serve(epoch, [i])]
            subsets = chain.from_iterable(combinations(alone, size) for size in range(len(alone) + 1))
            return [frozenset(subset) for subset in subsets if self.can_serve(epoch, subset)]

        @cache
        def best(epoch: int, left: frozenset[int]) -> int:
            if epoch == self.scenario.epoch.episode_epochs:
                return 0
            return max(len(batch) + best(epoch + 1, left - batch) for batch in batches(epoch) if batch <= left)

        return best(0, everyone)
