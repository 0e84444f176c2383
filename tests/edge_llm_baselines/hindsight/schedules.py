"""Schedules of an episode in plain Python: checked, enumerated and replayed, apart from the code under test."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain, combinations

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from edge_llm_env import Scenario, Workload, draw_workload, load_scenario
from tests.references.plain_node import Request
from tests.references.plain_roofline import node_of

NEVER = -1

MODES = {
    "carry-over": {},
    "outputs to the longest": {"node.output_length": "batch_max"},
    "prompts to the longest": {"node.prompt_padding": "batch_max", "radio.reciprocal_fading": False},
    "roofline": {"node.cost_model": "roofline", "workload.output_tokens": [16, 32, 64]},
    "narrow band": {"radio.uplink_bits_per_token": 40960.0, "radio.downlink_bits_per_token": 81920.0},
}
"""What binds differs: overrides of `carry-over`."""


def scenario_of(mode: str, epochs: int, rate_per_s: float = 5.0, modules: int = 20) -> Scenario:
    overrides = {
        "epoch.episode_epochs": epochs,
        "workload.arrivals.rate_per_s": rate_per_s,
        "node.modules": modules,
    } | MODES[mode]
    return load_scenario("carry-over", **overrides)


def workload_of(scenario: Scenario, seed: int) -> Workload:
    return draw_workload(scenario, np.random.default_rng(seed))


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


def replayed(scenario: Scenario, workload: Workload, schedule: NDArray[np.int64]) -> int:
    """Requests that `BatchSelection-v0` serves when told the schedule epoch by epoch."""
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
    _, info = env.reset(options={"workload": workload})
    state = env.unwrapped.simulation.state
    for epoch in range(scenario.epoch.episode_epochs):
        action = np.zeros(env.action_space.shape, dtype=np.int8)
        visible = int(state.visible[0])
        action[:visible] = schedule[state.slot_request[0, :visible]] == epoch
        _, _, _, _, info = env.step(action)
    env.close()
    return int(info["served"])
