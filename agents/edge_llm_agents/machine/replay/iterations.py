"""What a scheduler decides in an episode of the simulator, pass by pass, and the same passes on a real decoder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.planning.policies import OF_ITERATIONS, policy_on
from edge_llm_agents.machine.slots.passes import Pass, pass_over
from edge_llm_agents.machine.slots.sequences import Runs, SlottedDecoder
from edge_llm_baselines.playing.play import Policy, play
from edge_llm_env.engine.actions import run_action
from edge_llm_env.engine.state import COMPLETED, N_ITERATIONS, N_RUNNING, EngineState
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


class Stretch(NamedTuple):
    """Passes between two decisions."""

    known_s: float
    """When the last of the requests that the scheduler knew of had come: it cannot have decided before."""
    running: tuple[int, ...]
    """Who holds a slot."""
    anew: tuple[int, ...]
    """Of these, whose prompt begins: nothing of them is in the cache."""
    passes: tuple[Pass, ...]


class Iterations(NamedTuple):
    """An episode: times in seconds after its start, arrays over its requests (N,)."""

    stretches: tuple[Stretch, ...]
    slots: int
    arrived: int
    served: int
    arrival_s: NDArray[np.float64]
    due_s: NDArray[np.float64]
    """When the first token is due."""
    tpot_s: NDArray[np.float64]
    prompt_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    completed: tuple[int, ...]
    """Requests that the simulator computes to their end, on time or not."""


class Taken(NamedTuple):
    """What the decoder did."""

    passes_s: tuple[tuple[tuple[float, float], ...], ...]
    """Of each stretch, of each pass: when it began and ended."""
    first_s: dict[int, float]
    last_s: dict[int, float]
    """Of each request: when it had its first token, and its last one so far."""


def scheduled(scenario: Scenario, policy: str, workload: Workload, seed: int) -> Iterations:
    """What a policy, by its name, decides on a workload; what is tuned of it is tuned first.

    Raises ValueError as `policy_on`.
    """
    env, deciding = policy_on(policy, scenario, seed, OF_ITERATIONS)
    try:
        return _played(env, deciding, policy, workload)
    finally:
        env.close()


def _played(env: Any, deciding: Policy, policy: str, workload: Workload) -> Iterations:
    inner = env.unwrapped
    watched = _Watched(deciding, inner, policy)
    stretches = [
        _stretch(watched.began, passes)
        for _ in play(env, watched, workloads=[workload])
        if watched.began is not None and (passes := watched.passes() - watched.began.passes)
    ]
    params = inner.simulation.params
    requests = workload.requests
    state, counts = inner.simulation.state, inner.simulation.counters(0)
    return Iterations(
        tuple(stretches),
        params.running_slots,
        counts["arrived"],
        counts["served"],
        state.arrival_s[0, :requests].copy(),
        state.first_due_s[0, :requests].copy(),
        state.tpot_s[0, :requests].copy(),
        workload.prompt_tokens,
        workload.output_tokens,
        tuple(np.flatnonzero(state.status[0, :requests] == COMPLETED).tolist()),
    )


class _Began(NamedTuple):
    known_s: float
    running: list[int]
    cached: list[int]
    target: list[int]
    passes: int
    """Before."""
    budget: int
    """Of tokens in a pass."""


class _Watched:
    """A policy that notes, before each step, what the engine has begun, where the action lets it run."""

    def __init__(self, policy: Policy, env: Any, name: str) -> None:
        self._policy, self._env, self._name = policy, env, name
        self.began: _Began | None = None

    def passes(self) -> int:
        """That the engine has made."""
        return int(self._env.simulation.state.counters[0, N_ITERATIONS])

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The policy's own; RuntimeError for an action that is not open."""
        action, later = self._policy.predict(observation, state, episode_start, deterministic)
        params, engine, number = self._env.simulation.params, self._env.simulation.state, int(np.max(action))
        if not engine.action_mask[0, number]:
            raise RuntimeError(f"policy {self._name}: action {number}: must be open")
        run = number - run_action(params, 0)
        self.began = _began(engine, self.passes(), int(params.budgets[run])) if run >= 0 else None
        return action, later


def _began(state: EngineState, passes: int, budget: int) -> _Began:
    running = state.running[0, : state.counters[0, N_RUNNING]]
    visible = int(state.next_visible[0])
    known_s = float(state.visible_s[0, state.order[0, visible - 1]]) if visible else 0.0
    cached, target = state.cached[0, running].tolist(), state.target[0, running].tolist()
    return _Began(known_s, running.tolist(), cached, target, passes, budget)


def _stretch(began: _Began, count: int) -> Stretch:
    """So many passes: nobody joins or leaves between them."""
    cached = dict(zip(began.running, began.cached, strict=True))
    passes = []
    for _ in range(count):
        batch = [(one, cached[one], target) for one, target in zip(began.running, began.target, strict=True)]
        passes.append(pass_over(batch, began.budget))
        for request, tokens in passes[-1].work():
            cached[request] += tokens
    anew = tuple(one for one, had in zip(began.running, began.cached, strict=True) if had == 0)
    return Stretch(began.known_s, tuple(began.running), anew, tuple(passes))


def run_iterations(schedule: Iterations, decoder: Runs, clock: Clock) -> Taken:
    """Every pass as soon as the one before is done and those whom its scheduler knew of have come."""
    slotted, starts_s = SlottedDecoder(decoder, schedule.slots), clock.now_s()
    made: dict[int, list[int]] = {}
    first_s: dict[int, float] = {}
    last_s: dict[int, float] = {}
    times_s = []
    for stretch in schedule.stretches:
        clock.wait_until(starts_s + stretch.known_s)
        for request in [one for one in slotted.held if one not in stretch.running or one in stretch.anew]:
            slotted.leave(request)
        for request in stretch.running:
            if request not in slotted.held:
                prompt = [1 + request % 97] * int(schedule.prompt_tokens[request])
                slotted.hold(request, prompt + made.setdefault(request, []))
        of_stretch = []
        for one in stretch.passes:
            began_s = clock.now_s() - starts_s
            tokens = slotted.run(one.work())
            ended_s = clock.now_s() - starts_s
            of_stretch.append((began_s, ended_s))
            for request, token in tokens:
                made[request].append(token)
                first_s.setdefault(request, ended_s)
                last_s[request] = ended_s
        times_s.append(tuple(of_stretch))
    for request in schedule.completed:
        if len(made[request]) != schedule.output_tokens[request]:
            raise RuntimeError(f"replay: request {request} has {len(made[request])} tokens, not as scheduled")
    return Taken(tuple(times_s), first_s, last_s)
