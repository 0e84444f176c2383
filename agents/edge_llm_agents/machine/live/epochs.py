"""Epochs of a policy that chooses batches: who waits at the start of one is its batch to choose from."""

from __future__ import annotations

from math import ceil

import numpy as np

from edge_llm_agents.machine.live.jobs import Events, Job, Outcome, wall_s
from edge_llm_agents.machine.planning.policies import OF_EPOCHS, policy_on
from edge_llm_agents.machine.slots.sequences import Runs, SlottedDecoder
from edge_llm_baselines.playing.play import play
from edge_llm_env.dynamics.state import SERVED
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload


class Epochs:
    """A batch per epoch: prefilled in one pass, and decoded until every request has its tokens.

    Each epoch is decided as the first of an episode in the simulator, whose requests came as long ago as the jobs did
    and whose channels are those beside the mast. A batch that is not done when the next is due delays it.
    """

    def __init__(self, scenario: Scenario, policy: str, decoder: Runs, seed: int) -> None:
        self._env, self._policy = policy_on(policy, scenario, seed, OF_EPOCHS)
        self._epoch_s = scenario.epoch.epoch_s
        self._decoder = SlottedDecoder(decoder, scenario.epoch.visible_slots)
        self._waiting: list[Job] = []
        self._batch: dict[int, Job] = {}
        self._left: dict[int, int] = {}
        self._next_s, self._numbers = wall_s(), 0

    @property
    def waiting(self) -> list[Job]:
        """In order of arrival."""
        return self._waiting

    @property
    def running(self) -> int:
        """Of the batch, those that are not done."""
        return len(self._batch)

    def add(self, job: Job) -> None:
        """Let it wait for the next epoch."""
        self._waiting.append(job)

    def remove(self, job: Job) -> None:
        """Take it away; the rest of a batch goes on."""
        if job in self._waiting:
            self._waiting.remove(job)
        for number in [number for number, one in self._batch.items() if one is job]:
            self._leave(number)

    def step(self, now_s: float) -> Events | float:
        """Decode, or begin an epoch where one is due."""
        if self._batch:
            return self._computed([(number, 1) for number in self._batch])
        if now_s < self._next_s or not self._waiting:
            return max(now_s, self._next_s) if self._waiting else float("inf")
        self._next_s += self._epoch_s * ceil((now_s - self._next_s) / self._epoch_s + 1e-9)
        chosen = self._chosen(now_s)
        for job in chosen:
            self._numbers += 1
            self._batch[self._numbers], self._left[self._numbers] = job, job.output_tokens
            self._decoder.hold(self._numbers, job.prompt)
        self._waiting = [job for job in self._waiting if job not in chosen]
        return self._computed([(number, len(job.prompt)) for number, job in self._batch.items()]) if chosen else []

    def _computed(self, work: list[tuple[int, int]]) -> Events:
        events: Events = []
        for number, token in self._decoder.run(work):
            job = self._batch[number]
            events.append((job, token))
            self._left[number] -= 1
            if not self._left[number]:
                events.append((job, Outcome.COMPLETED))
                self._leave(number)
        return events

    def _leave(self, number: int) -> None:
        del self._batch[number], self._left[number]
        self._decoder.leave(number)

    def _chosen(self, now_s: float) -> list[Job]:
        workload = _as_workload(self._waiting, now_s, self._epoch_s)
        for step in play(self._env, self._policy, workloads=[workload]):
            if np.max(step.next_info["epochs"]):
                break
        status = self._env.unwrapped.simulation.state.status[0]
        return [self._waiting[one] for one in np.flatnonzero(status[: len(self._waiting)] == SERVED)]


def _as_workload(jobs: list[Job], now_s: float, epoch_s: float) -> Workload:
    """Jobs as an episode has them whose first epoch ends now; no two can come before its start, so who did is as
    patient as there is time left.
    """
    waited_s = np.array([now_s - job.arrival_s for job in jobs])
    arrival_s = np.clip(epoch_s - waited_s, 0.0, np.nextafter(epoch_s, 0.0))
    size, near = len(jobs), np.ones((len(jobs), 1))
    return Workload(
        arrival_s=arrival_s,
        prompt_tokens=np.array([len(job.prompt) for job in jobs]),
        output_tokens=np.array([job.output_tokens for job in jobs]),
        latency_requirement_s=np.maximum(1e-9, epoch_s - arrival_s + [job.due_s - now_s for job in jobs]),
        accuracy_requirement=np.array([job.accuracy for job in jobs]),
        request_class=np.zeros(size, dtype=np.int64),
        distance_m=np.ones(size),
        uplink_gain=near,
        downlink_gain=near,
    )
