"""Iterations of a scheduler of `ContinuousBatching-v0`: it acts on a row that follows what is really computed."""

from __future__ import annotations

from math import inf

from edge_llm_agents.machine.live.jobs import Events, Job, Outcome, wall_s
from edge_llm_agents.machine.planning.policies import OF_ITERATIONS, policy_on
from edge_llm_agents.machine.slots.row import LiveRow
from edge_llm_agents.machine.slots.sequences import Runs, SlottedDecoder
from edge_llm_env.engine.state import COMPLETED, DROPPED
from edge_llm_env.scenarios import Scenario


class Iterations:
    """Requests join and leave between passes, as the policy says; who is preempted is computed anew."""

    def __init__(self, scenario: Scenario, policy: str, decoder: Runs, seed: int, queue: int) -> None:
        env, self._policy = policy_on(policy, scenario, seed, OF_ITERATIONS)
        slots = scenario.iterations.running_slots
        self._decoder, self._row = SlottedDecoder(decoder, slots), LiveRow(env, queue + slots)
        self._most, self._left, self._action = scenario.iterations.most_iterations, 0, 0
        self._jobs: dict[int, Job] = {}
        self._made: dict[int, list[int]] = {}

    @property
    def waiting(self) -> list[Job]:
        """The preempted too."""
        running = set(self._row.running)
        return [job for request, job in self._jobs.items() if request not in running]

    @property
    def running(self) -> int:
        """Sequences in the batch."""
        return len(self._row.running)

    def add(self, job: Job) -> None:
        """Let it wait; the policy is asked."""
        request = self._row.put(len(job.prompt), job.output_tokens, job.deadline_s, job.arrival_s)
        self._jobs[request], self._made[request] = job, []
        self._left = 0

    def remove(self, job: Job) -> None:
        """Take it away; the policy is asked."""
        self._forget(next(request for request, one in self._jobs.items() if one is job))
        self._left = 0

    def step(self, now_s: float) -> Events | float:
        """Ask the policy where something happened, and compute a pass."""
        events: Events = []
        before = self._row.running
        if self._left == 0 or not self._row.goes_on(self._action):
            self._action, self._left = self._row.asked(self._policy, now_s), self._most
            events += self._ended()
            self._follow()
        computed = self._row.next_pass(self._action)
        if not computed.tokens:
            self._left = 0
            return events if events or before else inf
        self._left -= 1
        for request, token in self._decoder.run(computed.work()):
            self._made[request].append(token)
            events.append((self._jobs[request], token))
        if self._row.done(computed, self._action, wall_s()):
            self._left = 0
        return events + self._ended()

    def _follow(self) -> None:
        """Let the decoder hold the running batch."""
        running = self._row.running
        for request in [one for one in self._decoder.held if one not in running]:
            self._decoder.leave(request)
        for request in running:
            if request not in self._decoder.held:
                self._decoder.hold(request, self._jobs[request].prompt + self._made[request])

    def _ended(self) -> Events:
        """Who completed or was dropped, and is let go."""
        status = self._row.state.status[0]
        outcomes = {COMPLETED: Outcome.COMPLETED, DROPPED: Outcome.EXPIRED}
        ended = [(request, outcomes[int(status[request])]) for request in self._jobs if status[request] in outcomes]
        return [(self._forget(request), outcome) for request, outcome in ended]

    def _forget(self, request: int) -> Job:
        self._row.let_go(request)
        if request in self._decoder.held:
            self._decoder.leave(request)
        del self._made[request]
        return self._jobs.pop(request)
