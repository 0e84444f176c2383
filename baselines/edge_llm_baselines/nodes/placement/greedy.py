"""Loads that serve most of an expected demand, one after the other (compiled)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


@compiled
def served_of(
    demand: NDArray[np.float64],
    held: NDArray[np.int64],
    lag: NDArray[np.int64],
    capacity: NDArray[np.float64],
    serves: NDArray[np.bool_],
    left: NDArray[np.float64],
) -> float:
    """Requests that modules serve of an expected demand, (epochs, K), from the first on.

    `held` and `lag`, (U,), are the variant of each module and the epochs in which it does not serve yet; `capacity`,
    (U, G), how many requests each serves in an epoch with a variant; `serves`, (G, K), which class. What is not served
    in its epoch is lost. `left`, (K,), is written over.
    """
    total = 0.0
    for epoch in range(len(demand)):
        for each in range(len(left)):
            left[each] = demand[epoch, each]
        for module in range(len(held)):
            if lag[module] <= epoch and held[module] >= 0:
                room = capacity[module, held[module]]
                for each in range(len(left)):
                    if serves[held[module], each]:
                        taken = min(room, left[each])
                        room -= taken
                        left[each] -= taken
                        total += taken
    return total


@compiled
def node_holds(held: NDArray[np.int64], node: NDArray[np.int64], module: int, variant: int) -> bool:
    """Whether some module of a module's node holds a variant; `held` and `node`, (U,), are of all modules."""
    holds = False
    for beside in range(len(held)):
        holds |= node[beside] == node[module] and held[beside] == variant
    return holds


@compiled_allocating
def loads_of(
    demand: NDArray[np.float64],
    held: NDArray[np.int64],
    lag: NDArray[np.int64],
    node: NDArray[np.int64],
    loading: NDArray[np.int64],
    capacity: NDArray[np.float64],
    serves: NDArray[np.bool_],
    least: float,
) -> NDArray[np.int64]:
    """What modules should hold, (U,): again and again the load that gains most, as long as that is more than `least`.

    A module that loads already is left alone, and no two of a node hold the same. `node`, (U,), is that of each module,
    and `loading`, (U, G), the epochs that a load takes.
    """
    wanted, later = held.copy(), lag.copy()
    left = np.empty(demand.shape[1])
    now = served_of(demand, wanted, later, capacity, serves, left)
    for _ in range(len(held)):
        best, variant, most = -1, -1, now + least
        for module in range(len(held)):
            if lag[module] > 0 or wanted[module] != held[module]:
                continue
            for other in range(capacity.shape[1]):
                if node_holds(wanted, node, module, other):
                    continue
                wanted[module], later[module] = other, loading[module, other]
                value = served_of(demand, wanted, later, capacity, serves, left)
                if value > most:
                    best, variant, most = module, other, value
            wanted[module], later[module] = held[module], lag[module]
        if best < 0:
            break
        wanted[best], later[best], now = variant, loading[best, variant], most
    return wanted


@compiled_allocating
def loads_of_rows(
    demand: NDArray[np.float64],
    held: NDArray[np.int64],
    lag: NDArray[np.int64],
    node: NDArray[np.int64],
    loading: NDArray[np.int64],
    capacity: NDArray[np.float64],
    serves: NDArray[np.bool_],
    least: NDArray[np.float64],
) -> NDArray[np.int64]:
    """The same of many rows: demand (R, epochs, K), the modules' arrays (R, U), `least` (R,)."""
    wanted = np.empty(held.shape, dtype=np.int64)
    for row in range(len(held)):
        wanted[row] = loads_of(demand[row], held[row], lag[row], node, loading, capacity, serves, least[row])
    return wanted
