"""What no policy completes more of: a Lagrangian relaxation of an episode of tasks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.tasks.remaining import Floats
from edge_llm_baselines.tasks.windows import Integers, Windows, whole
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled_allocating

ITERATIONS = 100

PATIENCE = 15
"""Iterations without a better bound after which steps are shortened."""

SHORTER, TARGET = 0.7, 0.95
"""How much, and the part of the best bound known that steps are aimed at."""


class Offers(NamedTuple):
    """Calls by the epochs of their windows: those of epoch e are `call[start[e]:start[e + 1]]`."""

    call: Integers
    start: Integers


def task_bound(windows: Windows, completed: int, iterations: int = ITERATIONS) -> int:
    """No schedule completes more tasks; `completed` is what some schedule does.

    A task counts if each of its calls is served: y_j ≤ Σ_e x_ce for each call c. With multipliers p_c ≥ 0 of these,

        L(p) = Σ_j max(0, 1 - Σ_c p_c) + Σ_e max over batches of Σ_c p_c

    is an upper bound for any p. The best batch of an epoch is bounded by the fractional knapsack for each longest
    output; precedence is in the windows, and p = 0 counts the tasks that could be completed alone. Subgradient steps of
    Polyak's length; valid after any number of `iterations`.
    """
    possible = windows.possible()
    most = int(possible.sum())
    offers = offers_of(windows, possible)
    share = np.where(possible[windows.task], windows.work_s / np.maximum(windows.room_s[windows.level], 1e-12), 0.0)
    prices, best, scale, since = np.zeros(len(share)), float(most), 1.0, 0
    for _ in range(iterations):
        times = np.zeros(len(prices))
        batches = direct(price_batches)(prices, windows.work_s, windows.level, windows.room_s, *offers, times)
        left = 1.0 - np.bincount(windows.task, weights=prices, minlength=windows.tasks)
        counted = possible & (left > 0.0)
        value = batches + float(left[counted].sum())
        since = 0 if value < best - 1e-3 else since + 1
        best = min(best, value)
        if since >= PATIENCE:
            scale, since = SHORTER * scale, 0
        slope = np.where(share > 0.0, times - counted[windows.task], 0.0)
        along = slope * np.sqrt(share)  # calls that take more of an epoch have the larger prices
        length = float(slope @ along)
        if whole(best) <= completed or length == 0.0:
            break
        prices = np.maximum(prices - scale * (value - TARGET * best) / length * along, 0.0)
    return max(completed, whole(best))


def offers_of(windows: Windows, possible: NDArray[np.bool_]) -> Offers:
    """Calls of the tasks that can be completed, by epoch."""
    calls = np.flatnonzero(possible[windows.task])
    length = windows.last[calls] - windows.first[calls] + 1
    call = np.repeat(calls, length)
    begins = np.repeat(np.cumsum(length) - length, length)
    epoch = windows.first[call] + np.arange(len(call)) - begins
    order = np.argsort(epoch, kind="stable")
    start = np.searchsorted(epoch[order], np.arange(windows.epochs + 1))
    return Offers(call[order].astype(np.int64), start.astype(np.int64))


@compiled_allocating
def price_batches(
    prices: Floats,
    work_s: Floats,
    level: Integers,
    room_s: Floats,
    call: Integers,
    start: Integers,
    times: Floats,
) -> float:
    """Σ over epochs of a bound on the price of a batch; add to `times` (N,) how often each call is served in them."""
    total = 0.0
    density = prices / np.maximum(work_s, 1e-12)
    for epoch in range(len(start) - 1):
        offered = call[start[epoch] : start[epoch + 1]]
        order = np.argsort(-density[offered])
        best, longest = 0.0, -1
        for limit in range(len(room_s)):
            room, value = room_s[limit], 0.0
            for at in order:
                one = offered[at]
                if level[one] > limit or prices[one] <= 0.0:
                    continue
                part = min(1.0, room / max(work_s[one], 1e-12))
                value += part * prices[one]
                room -= part * work_s[one]
                if room <= 0.0:
                    break
            if value > best:
                best, longest = value, limit
        total += best
        if longest < 0:
            continue
        room = room_s[longest]
        for at in order:
            one = offered[at]
            if level[one] > longest or prices[one] <= 0.0:
                continue
            part = min(1.0, room / max(work_s[one], 1e-12))
            times[one] += part
            room -= part * work_s[one]
            if room <= 0.0:
                break
    return total
