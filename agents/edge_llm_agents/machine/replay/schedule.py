"""What a policy decides in an episode of the simulator: who is computed in which epoch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_llm_agents.machine.planning.policies import OF_EPOCHS, policy_on
from edge_llm_baselines.playing.play import play
from edge_llm_env.dynamics.state import SERVED
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


class Batch(NamedTuple):
    """What is computed in an epoch, from its uplink's end on."""

    epoch: int
    """From 0."""
    begins_s: float
    """After the episode's start."""
    requests: tuple[int, ...]
    prompt_tokens: tuple[int, ...]
    output_tokens: tuple[int, ...]
    arrival_s: tuple[float, ...]
    limit_s: tuple[float, ...]
    """For each, the most that may be computed: its slack, and the window."""


class Schedule(NamedTuple):
    """An episode's batches, and how many requests arrived."""

    batches: tuple[Batch, ...]
    arrived: int

    @property
    def served(self) -> int:
        """Requests that the simulator serves."""
        return sum(len(batch.requests) for batch in self.batches)


def scheduled(scenario: Scenario, policy: str, workload: Workload, seed: int) -> Schedule:
    """What a policy that chooses batches, by its name, decides on a workload; what is tuned of it is tuned first.

    Raises ValueError for a name that stands for none, or a scenario whose node believes what may be wrong, as its
    batches are not those that it decides.
    """
    if scenario.epoch.split != "fixed":
        raise ValueError(f'scenario {scenario.name}: epoch.split = "{scenario.epoch.split}": must be "fixed" here')
    env, deciding = policy_on(policy, scenario, seed, OF_EPOCHS)
    try:
        simulation = env.unwrapped.simulation
        if simulation.params.believes:
            raise ValueError(f"scenario {scenario.name}: beliefs: must be left out here")
        batches: list[Batch] = []
        counted: set[int] = set()
        epochs = 0
        for step in play(env, deciding, workloads=[workload]):
            if np.max(step.next_info["epochs"]) > epochs:
                served = np.flatnonzero(simulation.state.status[0, : len(workload.arrival_s)] == SERVED).tolist()
                chosen = [one for one in served if one not in counted]
                batches += [_batch(scenario, workload, epochs, chosen)] if chosen else []
                counted.update(chosen)
                epochs = int(np.max(step.next_info["epochs"]))
        return Schedule(tuple(batches), int(np.max(step.next_info["arrived"])))
    finally:
        env.close()


def _batch(scenario: Scenario, workload: Workload, epoch: int, requests: list[int]) -> Batch:
    cut = scenario.epoch
    starts_s = (epoch + 1) * cut.epoch_s
    until_s = workload.arrival_s + workload.latency_requirement_s - starts_s - cut.uplink_s - cut.downlink_s
    return Batch(
        epoch,
        starts_s + cut.uplink_s,
        tuple(requests),
        tuple(int(workload.prompt_tokens[one]) for one in requests),
        tuple(int(workload.output_tokens[one]) for one in requests),
        tuple(float(workload.arrival_s[one]) for one in requests),
        tuple(min(float(until_s[one]), cut.compute_window_s) for one in requests),
    )
