"""The exact optimum of tiny instances in unit time, by integer programming.

In unit time every pass takes 1 s, whatever is in it, and requests come and are due at whole seconds: a schedule is then
a pattern for each request, what it computes and holds in each second. All patterns that serve a request are listed,
with preemptions and prompts in any pieces; at most one of each request is chosen, within the budget of prompts' tokens,
the running slots and the blocks of every second. The engine divides a budget among prompts in order of admission, the
programme in any way: it is the optimum of engines that may.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import EngineState
from edge_llm_env.inference.iteration import IterationCost

UNIT_TIME = IterationCost(decode_pass=1.0, prefill_pass=1.0)
"""Seconds of a pass."""


class Standing(NamedTuple):
    """Where a request stands between two passes."""

    cached: int
    target: int
    generated: int
    first_s: int
    """When its first token was computed; -1 before."""
    runs: bool


class Asked(NamedTuple):
    """A request in unit time."""

    visible_s: int
    first_due_s: float
    tpot_s: float
    prompt_tokens: int
    output_tokens: int


def optimum(params: EngineParams, state: EngineState, row: int) -> int:
    """Most requests of a row's workload that any schedule serves.

    Raises ValueError where a pass does not take `UNIT_TIME` or a request does not come at a whole second.
    """
    if params.time != UNIT_TIME:
        raise ValueError(f"params.time = {params.time}: must be {UNIT_TIME}")
    columns: list[NDArray[np.int64]] = []
    owners: list[int] = []
    count, end_s = int(state.requests[row]), int(params.end_s)
    for request in range(count):
        visible_s = float(state.visible_s[row, request])
        if visible_s != int(visible_s):
            raise ValueError(f"visible_s[{row}, {request}] = {visible_s:g}: must be a whole second")
        asked = Asked(
            int(visible_s),
            float(state.first_due_s[row, request]),
            float(state.tpot_s[row, request]),
            int(state.prompt_tokens[row, request]),
            int(state.output_tokens[row, request]),
        )
        found = {pattern.tobytes(): pattern for pattern in patterns(params, asked, end_s)}
        columns += found.values()
        owners += [request] * len(found)
    if not columns:
        return 0
    used = np.array(columns, dtype=np.float64).reshape(len(columns), -1).T
    chosen = np.array([[float(owner == request) for owner in owners] for request in range(count)])
    limits = np.repeat([float(params.budgets[-1]), float(params.running_slots), float(params.blocks)], end_s)
    found_best = milp(
        -np.ones(len(columns)),
        constraints=LinearConstraint(np.vstack([used, chosen]), ub=np.concatenate([limits, np.ones(count)])),
        integrality=np.ones(len(columns), dtype=np.int64),
        bounds=Bounds(0.0, 1.0),
    )
    if found_best.x is None:
        raise RuntimeError(f"integer programme of {count} requests: {found_best.message}")
    return round(-found_best.fun)


def patterns(params: EngineParams, asked: Asked, end_s: int) -> Iterator[NDArray[np.int64]]:
    """All ways to serve a request: of each, its tokens of prompts, slots and blocks in each second, (3, end_s)."""
    use = np.zeros((3, end_s), dtype=np.int64)

    def go_on(now_s: int, at: Standing) -> Iterator[NDArray[np.int64]]:
        if at.generated == asked.output_tokens:
            if now_s - at.first_s <= (asked.output_tokens - 1) * asked.tpot_s:
                yield use.copy()
            return
        latest_s = asked.first_due_s if at.first_s < 0 else at.first_s + (asked.output_tokens - 1) * asked.tpot_s
        left = asked.output_tokens - at.generated
        if now_s + left > end_s or now_s + (1 if at.first_s < 0 else left) > latest_s:
            return
        if not at.runs or at.cached > 0:  # it waits, or is preempted now
            anew = Standing(0, asked.prompt_tokens + at.generated, at.generated, at.first_s, False)
            use[:, now_s] = 0
            yield from go_on(now_s + 1, anew)
        for tokens, after in passes(params, at, now_s):
            cached = after.cached if at.cached >= at.target else max(at.target, after.cached)
            use[:, now_s] = tokens, 1, -(-cached // params.block_tokens)
            if use[2, now_s] <= params.blocks:
                yield from go_on(now_s + 1, after)
        use[:, now_s] = 0

    yield from go_on(asked.visible_s, Standing(0, asked.prompt_tokens, 0, -1, False))


def passes(params: EngineParams, at: Standing, now_s: int) -> Iterator[tuple[int, Standing]]:
    """What the next pass may do for a request that is in it: its tokens of the prompt, and where it stands then."""
    if at.cached >= at.target:
        yield 0, at._replace(cached=at.cached + 1, generated=at.generated + 1, runs=True)
        return
    for tokens in range(at.cached == 0, min(int(params.budgets[-1]), at.target - at.cached) + 1):
        cached = at.cached + tokens
        completes = cached == at.target
        first_s = now_s + 1 if completes and at.first_s < 0 else at.first_s
        yield tokens, at._replace(cached=cached, generated=at.generated + completes, first_s=first_s, runs=True)
