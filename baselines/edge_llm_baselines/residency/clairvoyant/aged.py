"""All that modules can hold at the start of an epoch, with how long they have held it, and what partitions make of it.

As `edge_llm_baselines.residency.transitions`, but a module that has loaded is also told by its age: epochs in which it
has served with its variant, up to a most one. Modules of one variant are alike, so which of the loaded leave is a
matter of names: the youngest do.
"""

from __future__ import annotations

import math
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.partitions import partitions
from edge_llm_baselines.residency.transitions import loading_epochs
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.support.compilation.compiling import compiled_allocating


class Aged(NamedTuple):
    """States are multisets of what modules hold; an action is a partition, to which as few as possible move."""

    ages: NDArray[np.int64]
    """(G,) ages of each variant's loaded modules that are told apart, at least 1."""
    later: NDArray[np.int32]
    """(S, P) the state an epoch after a partition was chosen."""
    crew: NDArray[np.int32]
    """(S, P) the number of the crew of that epoch."""
    crews: NDArray[np.int64]
    """(C, G) what each variant computes with: the number of a group in `groups`."""
    groups: NDArray[np.int64]
    """(K, 1 + most ages) loading modules that have loaded before the epoch is over, and loaded ones of each age."""
    begins: int
    """The state of modules that have all loaded long ago, divided as an episode begins."""

    @classmethod
    def of(cls, params: NodeParams, hosts: NDArray[np.int64], ages: NDArray[np.int64]) -> Aged:
        """Those of a scenario whose episodes begin with the variants that modules `hosts`, (M,)."""
        loading = np.array(loading_epochs(params))
        first = np.concatenate([[0], np.cumsum(ages + np.maximum(0, loading - 1))])
        modules, variants = params.modules, len(loading)
        held = np.array(list(combinations_with_replacement(range(first[-1]), modules)), dtype=np.int64)
        choices = partitions(modules, variants)
        after, computing = moved(held, choices, first, ages, loading)
        weights = first[-1] ** np.arange(modules - 1, -1, -1, dtype=np.int64)
        later = np.searchsorted(held @ weights, after @ weights).astype(np.int32)
        flat = computing.reshape(-1, *computing.shape[2:])
        named, group = np.unique(flat.reshape(-1, flat.shape[2]), axis=0, return_inverse=True)
        by_variant = group.reshape(-1, variants)
        crews, crew = np.unique(by_variant, axis=0, return_inverse=True)
        begins = np.searchsorted(held @ weights, np.sort(first[hosts]) @ weights)
        return cls(ages, later, crew.reshape(later.shape).astype(np.int32), crews, named.astype(np.int64), int(begins))


def ways_to_move(params: NodeParams, ages: NDArray[np.int64]) -> int:
    """From all states to all partitions."""
    alone = int((ages + np.maximum(0, np.array(loading_epochs(params)) - 1)).sum())
    modules, variants = params.modules, len(ages)
    return math.comb(alone + modules - 1, modules) * math.comb(modules + variants - 1, modules)


@compiled_allocating
def moved(
    held: NDArray[np.int64],
    choices: NDArray[np.int64],
    first: NDArray[np.int64],
    ages: NDArray[np.int64],
    loading: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """What modules hold an epoch after each choice, (S, P, M), in ascending order, and with what each variant computes.

    A module is a number from `first[variant]` on: the oldest of the loaded, down to the youngest, then those that still
    load for one epoch, two, and so on. `held`, (S, M), has the states, in ascending order. What computes is of shape
    (S, P, G, 1 + most ages), as `Aged.groups`.
    """
    states, modules, variants = len(held), held.shape[1], len(ages)
    after = np.zeros((states, len(choices), modules), dtype=np.int64)
    computing = np.zeros((states, len(choices), variants, 1 + ages.max()), dtype=np.int8)
    for state in range(states):
        for choice in range(len(choices)):
            at, to = 0, 0
            for variant in range(variants):
                begin, loaded = first[variant], ages[variant]
                kept = 0
                while at < modules and held[state, at] < first[variant + 1]:
                    if kept < choices[choice, variant]:  # those that still load longest leave first
                        what = held[state, at] - begin
                        kept += 1
                        if what < loaded:
                            computing[state, choice, variant, 1 + loaded - 1 - what] += 1
                            after[state, choice, to] = begin + max(0, what - 1)
                        elif what == loaded:
                            computing[state, choice, variant, 0] += 1
                            after[state, choice, to] = begin + loaded - 1
                        else:
                            after[state, choice, to] = begin + what - 1
                        to += 1
                    at += 1
                for _ in range(choices[choice, variant] - kept):
                    if loading[variant] == 0:
                        computing[state, choice, variant, 1] += 1
                        after[state, choice, to] = begin + max(0, loaded - 2)
                    elif loading[variant] == 1:
                        computing[state, choice, variant, 0] += 1
                        after[state, choice, to] = begin + loaded - 1
                    else:
                        after[state, choice, to] = begin + loaded + loading[variant] - 2
                    to += 1
            after[state, choice].sort()
    return after, computing
