"""All that a node's modules can hold or load at the start of an epoch, and what each partition makes of it."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from itertools import combinations_with_replacement, count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.partitions import partitions
from edge_llm_env.dynamics.modules import loaded_by_s
from edge_llm_env.dynamics.params import NodeParams

MOST_WAYS = 2_000_000
"""From a state to a partition; planning with more takes seconds an epoch."""

Held = tuple[tuple[int, int], ...]
"""What modules hold, in ascending order: a variant and the epochs in which it still loads."""


class Transitions(NamedTuple):
    """States are multisets of what modules hold; an action is a partition, to which as few as possible move.

    What computes during an epoch is a crew: how many modules of each variant have loaded, and how many load before the
    epoch is over.
    """

    number: dict[Held, int]
    """Of each state, from 0."""
    choices: NDArray[np.int64]
    """(P, G) partitions of all modules."""
    later: NDArray[np.int32]
    """(S, P) the state an epoch after a partition was chosen."""
    crew: NDArray[np.int32]
    """(S, P) the number of the crew of that epoch."""
    moves: NDArray[np.int32]
    """(S, P) modules that move."""
    crews: NDArray[np.int64]
    """(C, G, 2) modules of each variant that have loaded, and that load in the epoch."""

    @classmethod
    def of(cls, params: NodeParams) -> Transitions:
        """Those of a scenario; raises ValueError where there are more than MOST_WAYS."""
        ways = ways_to_move(params)
        if ways > MOST_WAYS:
            raise ValueError(f"{params.modules} modules: {ways} ways to move among variants, must be {MOST_WAYS}")
        return _transitions(params.modules, loading_epochs(params))

    def state_of(self, params: NodeParams, hosts: NDArray[np.int64], ready_s: NDArray[np.float64]) -> int:
        """The state of a row's modules, none of which is idle, both arrays of shape (M,)."""
        held = zip(hosts.tolist(), (epochs_left(params, left_s) for left_s in ready_s.tolist()), strict=True)
        return self.number[tuple(sorted(held))]


@cache
def _transitions(modules: int, loading: tuple[int, ...]) -> Transitions:
    """Those of so many modules and variants that load for so many epochs."""
    variants = len(loading)
    alone = [(variant, left) for variant in range(variants) for left in range(max(1, loading[variant]))]
    number = dict(zip(combinations_with_replacement(alone, modules), count()))
    choices = partitions(modules, variants)
    later, crew, moves = (np.zeros((len(number), len(choices)), dtype=np.int32) for _ in range(3))
    crews: dict[tuple[int, ...], int] = {}
    for held, state in number.items():
        had = [[left for variant, left in held if variant == one] for one in range(variants)]
        for choice, counts in enumerate(choices.tolist()):
            computing, after = [], []
            for variant, wanted in enumerate(counts):
                kept = had[variant][:wanted]  # those that still load longest leave first
                come = wanted - len(kept)
                moves[state, choice] += come
                left = Counter([*kept, *[loading[variant]] * come])
                computing += [left[0], left[1]]
                after += [(variant, max(0, one - 1)) for one in left.elements()]
            crew[state, choice] = crews.setdefault(tuple(computing), len(crews))
            later[state, choice] = number[tuple(sorted(after))]
    return Transitions(number, choices, later, crew, moves, np.array(list(crews)).reshape(-1, variants, 2))


def loading_epochs(params: NodeParams) -> tuple[int, ...]:
    """Epochs in which a module that comes to each variant is not among the loaded."""
    return tuple(epochs_left(params, load_s) for load_s in params.variant_load_s.tolist())


def ways_to_move(params: NodeParams) -> int:
    """From all states to all partitions."""
    alone = sum(max(1, epochs) for epochs in loading_epochs(params))
    modules, variants = params.modules, len(params.variant_load_s)
    return math.comb(alone + modules - 1, modules) * math.comb(modules + variants - 1, modules)


def can_plan(params: NodeParams) -> bool:
    """Whether the ways to move are at most `MOST_WAYS`, so that `Transitions.of` can list them."""
    return ways_to_move(params) <= MOST_WAYS


def epochs_left(params: NodeParams, ready_s: float) -> int:
    """Epochs in which a module that loads for so long from the start of this one on is not among the loaded."""
    return max(0, math.ceil((ready_s - loaded_by_s(params)) / params.epoch_s))


def late_s(params: NodeParams) -> NDArray[np.float64]:
    """How late after the uplink a variant's modules begin in the epoch in which they have loaded (s), (G,)."""
    late: NDArray[np.float64] = np.mod(params.variant_load_s - loaded_by_s(params), params.epoch_s)
    return np.where(late > 0.0, late, params.epoch_s)
