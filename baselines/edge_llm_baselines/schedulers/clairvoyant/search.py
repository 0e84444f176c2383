"""A schedule of iterations in hindsight: local search over what a rule takes each request for.

The rule is cheapest first. Of agent tasks it is fewest calls left, and the search is over what that takes each task
for.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.clairvoyant.branching import copy_row, is_open, play_until
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.rows.calls import TaskEngineSimulation
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import COMPLETED, RUNNING, EngineState
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.workload.workload import Workload

AHEAD = (1.0 / 6.0, 1.0 / 3.0)
"""Of an episode, how far each search looks ahead; it then goes on by a quarter of that."""

SPREAD = 0.7
"""Of the logarithm of a price that a move draws."""

LEFT = 0.3
"""Of the prices that moves draw, those that leave a request altogether, or take it back."""


CHANGED = 4
"""Most prices that a move changes."""

DRAWN = 2 + 2 * CHANGED
"""Uniform numbers that a move needs: what it changes, how many, and of each price whose and how."""


class Priced(NamedTuple):
    """What the rule goes by."""

    numbers: NDArray[np.float64]
    """Its own."""
    prices: NDArray[np.float64]
    """(requests,) factors on their work, infinite for one that is left; of a task, at its first call."""


def schedule_in_hindsight(
    scenario: Scenario,
    workload: Workload,
    numbers: tuple[float, ...],
    moves: int,
    seed: int = 0,
    taken: NDArray[np.bool_] | None = None,
) -> int:
    """Requests that the best schedule found serves, or tasks that it completes, which a policy that knew the workload
    could play.

    Of a search for each length of `AHEAD`, with so many moves at each of its stops, and of the rule itself. A search
    begins with the requests (requests,) that are `taken`, by default those that the rule takes, and leaves the others;
    a task is taken if its first call is. Equal seeds, equal results.
    """
    simulation = (EngineSimulation if scenario.workload.tasks is None else TaskEngineSimulation)(scenario, rows=2)
    for row in range(2):
        simulation.load(row, workload)
    params, state = simulation.params, simulation.state
    rng = np.random.default_rng(seed)
    direct(begin_episode)(params, state, 0)
    plain = Priced(np.array(numbers), np.ones(workload.requests))
    best = int(direct(play_until)(params, state, 0, *plain, params.end_s))
    if taken is None:
        taken = taken_of(state, 0)[: workload.requests]
    prices = np.where(taken, 1.0, math.inf)
    for share in AHEAD if moves > 0 and workload.requests > 0 else ():
        ahead_s = share * params.end_s
        drawn = rng.random((math.ceil(params.end_s / (0.25 * ahead_s)) * moves, DRAWN))
        kept, tried = (Priced(np.array(numbers), prices.copy()) for _ in range(2))
        near = np.empty(workload.requests, dtype=np.int64)
        best = max(best, int(direct(look_ahead)(params, state, kept, tried, near, drawn, ahead_s, moves)))
    return best


def taken_of(state: EngineState | TaskEngineState, row: int) -> NDArray[np.bool_]:
    """Who is completed or runs at the end, (N,); of tasks, the first calls of those that have not failed."""
    if isinstance(state, TaskEngineState):
        return ~state.task_over[row] | (state.calls_served[row] == state.task_calls[row])
    return (state.status[row] == RUNNING) | (state.status[row] == COMPLETED)


@compiled
def look_ahead(
    params: EngineParams,
    state: EngineState,
    kept: Priced,
    tried: Priced,
    near: NDArray[np.int64],
    drawn: NDArray[np.float64],
    ahead_s: float,
    moves: int,
) -> int:
    """Requests served, or tasks completed, by a schedule that is searched stop by stop, in row 0; row 1 tries what a
    move would do.

    At a stop, moves change the prices of some requests that are under way or become visible within `ahead_s`, or a
    number of the rule; one stays if by then no fewer are served. Then the schedule goes on to the next stop.
    """
    requests, stop_s, move = len(kept.prices), 0.0, 0
    begin_episode(params, state, 0)
    while stop_s < params.end_s:
        until_s, count = min(params.end_s, stop_s + ahead_s), 0
        for request in range(requests):
            if is_open(state, params.tasks, 0, request, until_s):
                near[count] = request
                count += 1
        copy_row(params, state, 0, 1)
        best = play_until(params, state, 1, kept.numbers, kept.prices, until_s)
        copy_prices(kept, tried)
        for _ in range(moves if count > 0 else 0):
            change(tried, near[:count], drawn[move])
            move += 1
            copy_row(params, state, 0, 1)
            served = play_until(params, state, 1, tried.numbers, tried.prices, until_s)
            if served >= best:
                best = served
                copy_prices(tried, kept)
            else:
                copy_prices(kept, tried)
        stop_s += 0.25 * ahead_s
        play_until(params, state, 0, kept.numbers, kept.prices, min(params.end_s, stop_s))
    return play_until(params, state, 0, kept.numbers, kept.prices, params.end_s)


@compiled
def copy_prices(source: Priced, to: Priced) -> None:
    """Make the one as the other."""
    for at in range(len(source.numbers)):
        to.numbers[at] = source.numbers[at]
    for request in range(len(source.prices)):
        to.prices[request] = source.prices[request]


@compiled
def change(tried: Priced, near: NDArray[np.int64], drawn: NDArray[np.float64]) -> None:
    """Make a move: one in fifty changes a number of the rule, the others the prices of one to four requests."""
    if drawn[0] < 0.02:
        tried.numbers[int(drawn[1] * len(tried.numbers))] *= math.exp(0.3 * logistic(drawn[2]))
        return
    for at in range(1 + int(drawn[1] * CHANGED)):
        request, kind = near[int(drawn[2 + 2 * at] * len(near))], drawn[3 + 2 * at]
        if kind < LEFT:
            tried.prices[request] = 1.0 if tried.prices[request] == math.inf else math.inf
        else:
            tried.prices[request] = math.exp(SPREAD * logistic((kind - LEFT) / (1.0 - LEFT)))


@compiled
def logistic(uniform: float) -> float:
    """A number of the logistic distribution with variance 1, from one in 0..1."""
    inside = min(max(uniform, 1e-12), 1.0 - 1e-12)
    return math.log(inside / (1.0 - inside)) * math.sqrt(3.0) / math.pi
