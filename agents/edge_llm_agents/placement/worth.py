"""Loads that are worth most by parameters, one after the other (compiled)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.nodes.placement.greedy import node_holds
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


@compiled
def worth_of(
    row: int,
    module: int,
    variant: int,
    demand: NDArray[np.float64],
    held: NDArray[np.int64],
    capacity: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> float:
    """What a module is worth with a variant: a weight of each span times what the others leave of the demand in it.

    At most what the module itself serves of that. `capacity` is of the row.
    """
    others = 0.0
    for beside in range(held.shape[1]):
        if beside != module and held[row, beside] == variant:
            others += capacity[beside, variant]
    total = 0.0
    for span in range(demand.shape[1]):
        left = demand[row, span, variant] - others
        total += weights[row, span] * max(0.0, min(capacity[module, variant], left))
    return total


@compiled_allocating
def worthy_loads_of_rows(
    demand: NDArray[np.float64],
    held: NDArray[np.int64],
    lag: NDArray[np.int64],
    node: NDArray[np.int64],
    capacity: NDArray[np.float64],
    weights: NDArray[np.float64],
    keeps: NDArray[np.float64],
    rooms: NDArray[np.float64],
) -> NDArray[np.int64]:
    """What modules should hold, (rows, U): again and again the load that adds most worth, if that is more than `keeps`.

    `demand`, (rows, spans, G), is in requests per epoch, `held` and `lag`, (rows, U), the variant of each module and
    the epochs in which it does not serve yet, `node`, (U,), whose it is. A module is taken to serve `rooms`, (rows,),
    times its `capacity`, (U, G). One that loads is left alone, and no two of a node hold the same.
    """
    wanted = held.copy()
    for row in range(held.shape[0]):
        able = capacity * rooms[row]
        for _ in range(held.shape[1]):
            best, variant, most = -1, -1, keeps[row]
            for module in range(held.shape[1]):
                if lag[row, module] > 0 or wanted[row, module] != held[row, module]:
                    continue
                now = worth_of(row, module, wanted[row, module], demand, wanted, able, weights)
                for other in range(capacity.shape[1]):
                    if node_holds(wanted[row], node, module, other):
                        continue
                    gained = worth_of(row, module, other, demand, wanted, able, weights) - now
                    if gained > most:
                        best, variant, most = module, other, gained
            if best < 0:
                break
            wanted[row, best] = variant
    return wanted
