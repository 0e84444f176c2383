"""A row of `ContinuousBatching-v0` that follows a real engine: requests come and go, and time is what a clock says."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

from edge_llm_agents.machine.slots.kernels import NOBODY, look_again
from edge_llm_agents.machine.slots.passes import Pass, next_pass, note_pass
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.engine.actions import preempt_action, run_action
from edge_llm_env.engine.state import (
    COMPLETED,
    N_ARRIVED,
    N_PENDING,
    N_RUNNING,
    N_WAITING,
    WAITING,
    EngineState,
    allocate,
)
from edge_llm_env.envs.continuous_batching.kernel import begin_rows, step_row
from edge_llm_env.support.calling import direct


class LiveRow:
    """The row of an environment, whose policies see it as they see a simulated one; times in seconds of one clock.

    It has room for so many requests at a time, numbered from 0; a number is free again once its request is let go.
    """

    def __init__(self, env: Any, room: int) -> None:
        inner = env.unwrapped
        self._simulation = inner.simulation
        params = self.params = inner.simulation.params
        actions = inner.simulation.state.action_mask.shape[1]
        inner.simulation.state = allocate(1, room, params.waiting_slots, params.running_slots, actions)
        self._class_of = inner.scenario.iterations.class_of
        self._rows = isinstance(inner, VectorEnv)
        self._observation = np.zeros(inner.observation_space.shape[-1], dtype=np.float32)
        self._free = list(range(room))[::-1]
        direct(begin_rows)(params, self.state, np.zeros(1, dtype=np.intp), self._observation[None])

    @property
    def state(self) -> EngineState:
        """Arrays of the row."""
        state: EngineState = self._simulation.state
        return state

    @property
    def running(self) -> list[int]:
        """Requests in the running batch."""
        running: list[int] = self.state.running[0, : self.state.counters[0, N_RUNNING]].tolist()
        return running

    def put(self, prompt_tokens: int, output_tokens: int, latency_s: float, arrival_s: float) -> int:
        """Let a request wait, in the class of its patience; its number."""
        state, params, request = self.state, self.params, self._free.pop()
        kind = int(self._class_of(latency_s))
        state.arrival_s[0, request] = state.visible_s[0, request] = arrival_s
        state.first_due_s[0, request] = arrival_s + params.class_ttft_s[kind]
        state.tpot_s[0, request], state.service_class[0, request] = params.class_tpot_s[kind], kind
        state.prompt_tokens[0, request] = state.target[0, request] = prompt_tokens
        state.output_tokens[0, request] = state.told_tokens[0, request] = output_tokens
        state.cached[0, request] = state.generated[0, request] = 0
        state.first_s[0, request] = state.last_s[0, request] = np.inf
        state.preempted_s[0, request], state.in_host[0, request] = -1.0, False
        state.status[0, request] = WAITING
        state.order[0, state.requests[0]] = request
        for count in (state.requests, state.next_arrival, state.next_visible):
            count[0] += 1
        for column in (N_ARRIVED, N_PENDING, N_WAITING):
            state.counters[0, column] += 1
        return request

    def let_go(self, request: int) -> None:
        """Free the number of a request, which is taken away first where it waits or runs."""
        state = self.state
        gone = state.status[0, request] >= COMPLETED
        self._look(NOBODY if gone else request)
        entries = int(state.requests[0])
        place = state.order[0, :entries].tolist().index(request)
        state.order[0, place : entries - 1] = state.order[0, place + 1 : entries].copy()
        for count in (state.requests, state.next_arrival, state.next_visible):
            count[0] -= 1
        state.next_beyond[0] -= place < state.next_beyond[0]
        self._free.append(request)

    def asked(self, policy: Policy, now_s: float) -> int:
        """Let a policy admit, preempt and drop as it is then, until it runs on: the number of its action.

        One that is not open is taken as in the environment.
        """
        state, params = self.state, self.params
        state.now_s[0] = now_s
        self._look(NOBODY)
        while True:
            seen = self._observation[None] if self._rows else self._observation
            action = int(np.max(policy.predict(seen)[0]))
            if not state.action_mask[0, action]:
                action = self._instead()
            if action >= run_action(params, 0):
                return action
            direct(step_row)(params, state, 0, action, self._observation)

    def next_pass(self, action: int) -> Pass:
        """What is computed next after an action that runs on."""
        return next_pass(self.state, self.budget(action))

    def goes_on(self, action: int) -> bool:
        """Whether the engine can run on as that action says."""
        return bool(self.state.action_mask[0, action])

    def budget(self, action: int) -> int:
        """Tokens of prompts in a pass after an action that runs on."""
        return int(self.params.budgets[action - run_action(self.params, 0)])

    def done(self, computed: Pass, action: int, now_s: float) -> bool:
        """Take in what was computed until then; whether a policy is to be asked again."""
        note_pass(self.params, self.state, computed, self.budget(action), now_s)
        return self._look(NOBODY) or any(completes for *_, completes in computed.chunks)

    def _look(self, removed: int) -> bool:
        return bool(direct(look_again)(self.params, self.state, 0, removed, self._observation))

    def _instead(self) -> int:
        first = run_action(self.params, 0)
        open_ = np.flatnonzero(self.state.action_mask[0, first:])
        return first + int(open_[0]) if len(open_) else preempt_action(self.params, len(self.running) - 1)
