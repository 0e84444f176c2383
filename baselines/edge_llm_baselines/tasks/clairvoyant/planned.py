"""A schedule of a known episode of tasks: each goes into the earliest epochs that hold its calls, in an order of tasks
that a search improves, and the environment plays that.
"""

from __future__ import annotations

import numpy as np

from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.rules.look_ahead import GRID
from edge_llm_baselines.tasks.remaining import Floats
from edge_llm_baselines.tasks.valued import Seen, ValuedCalls, Values
from edge_llm_baselines.tasks.windows import Integers, Windows
from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating
from edge_llm_env.workload.workload import Workload

TRIES = 100
"""Orders of tasks that are tried for each plan, for each task that could be completed alone."""

MOVED = 4
"""Most tasks that a try moves to other places of the order."""

SOON = 3
"""Epochs that a call waits at most for one whose outputs are as long already, which it does not make longer."""

ROOMS = (1.0, 0.97, 0.94, 0.9)
"""Parts of each epoch's room that plans fill: windows leave out memory, bands and the lengths of prompts in a batch."""

AHEAD, BESIDE = 2.0 / GRID, 1.0 / GRID
"""What calls are worth that are planned for later, and those of no plan, where one that is due is worth 1."""


def completed_by_plan(scenario: Scenario, workload: Workload, seed: int = 0) -> int:
    """Tasks that are completed with the best of some plans. Equal seeds, equal results."""
    windows = Windows.of(scenario, workload)
    plans = np.array([planned(windows, room, np.random.default_rng(seed)) for room in ROOMS])
    return int(
        roll_out(
            lambda env: ValuedCalls(values_of(plans), env), BATCH_SELECTION, scenario, [workload] * len(plans)
        ).served.max()
    )


def planned(windows: Windows, room: float, rng: np.random.Generator) -> Integers:
    """(N,) the epoch that each call is planned for, -1 for those of tasks that are left.

    The order begins as that of deadlines. A try moves a few tasks in it, and stays if no fewer are planned.
    """
    bounds = np.searchsorted(windows.task, np.arange(windows.tasks + 1))
    possible = np.flatnonzero(windows.possible())
    place = np.zeros(windows.tasks)
    np.maximum.at(place, windows.task, windows.last.astype(float))
    tried, best = (np.full(len(windows.task), -1, dtype=np.int64) for _ in range(2))
    most = -1
    for _ in range(TRIES * len(possible)):
        moved = place.copy()
        if most >= 0:
            whom = rng.choice(possible, size=rng.integers(1, MOVED + 1))
            moved[whom] = rng.uniform(0.0, windows.epochs, len(whom))
        order = possible[np.argsort(moved[possible], kind="stable")]
        count = int(direct(insert_tasks)(windows, room * windows.room_s, bounds, order, tried))
        if count >= most:
            most, place = count, moved
            best[:] = tried
        if most == len(possible):
            break
    return best


@compiled_allocating
def insert_tasks(windows: Windows, room_s: Floats, bounds: Integers, order: Integers, epoch: Integers) -> int:
    """How many tasks fit, taken in that order; writes the `epoch` of each call, -1 where its task does not fit.

    Task j has the calls from `bounds[j]` to `bounds[j + 1]`.
    """
    work_s, longest = np.zeros(windows.epochs), np.full(windows.epochs, -1)
    before = np.zeros(len(epoch), dtype=np.int64)
    epoch[:] = -1
    count = 0
    for task in order:
        call = bounds[task]
        while call < bounds[task + 1]:
            at = place_of(windows, room_s, work_s, longest, epoch, call)
            if at < 0:
                break
            epoch[call], before[call] = at, longest[at]
            work_s[at] += windows.work_s[call]
            longest[at] = max(longest[at], windows.level[call])
            call += 1
        if call == bounds[task + 1]:
            count += 1
            continue
        for back in range(call - 1, bounds[task] - 1, -1):
            work_s[epoch[back]] -= windows.work_s[back]
            longest[epoch[back]] = before[back]
            epoch[back] = -1
    return count


@compiled
def place_of(windows: Windows, room_s: Floats, work_s: Floats, longest: Integers, epoch: Integers, call: int) -> int:
    """The first epoch that holds a call, -1 without one; soon after it rather one whose outputs are as long already."""
    first, work, level = windows.first[call], windows.work_s[call], windows.level[call]
    for column in range(windows.predecessors.shape[1]):
        back = windows.predecessors[call, column]
        if back > 0:
            first = max(first, epoch[call - back] + windows.gaps[call, column])
    found = -1
    for at in range(first, windows.last[call] + 1):
        if found >= 0 and at > found + SOON:
            break
        if work_s[at] + work > room_s[max(longest[at], level)]:
            continue
        if longest[at] >= level or (longest[at] < 0 and found < 0):
            return at
        if found < 0:
            found = at
    return found


def values_of(plans: Integers) -> Values:
    """What calls are worth to those who keep to plans, (rows, N), of each row's workload."""

    def values(seen: Seen) -> Floats:
        epoch = plans[np.arange(len(plans))[:, None], seen.call]
        now = seen.simulation.state.counters[:, N_EPOCHS][:, None]
        return np.where(epoch < 0, BESIDE, np.where(epoch <= now, 1.0, AHEAD))

    return values
