"""Who can be served in whose place: of two such requests the harder one is served only where the easier one is.

A request that is worth no less at any level of another, and no harder there (shorter, with more slack, taking less),
can take that level in any batch, as costs grow with both lengths. So some best choice serves nobody whom one who is
left out could stand in for, and a search that looks at such choices alone is exact. Of requests that are the same the
first one stands in for the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.exact.items import Items, request_of
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

FREE, MUST, OUT = range(3)
"""What is left of a request when others are decided: either; it is served, as it could stand in for one that is; it is
left out, as one that is left out could stand in for it."""

NONE = -1
"""The twin of who is not like anyone before."""


@compiled_allocating
def stand_ins(items: Items) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether each request can stand in for each other one, (n, n), of two that are the same the first one; and of each
    the last one before it that is the same, (n,), or NONE.
    """
    requests = len(items.value)
    can, twin = np.zeros((requests, requests), dtype=np.bool_), np.full(requests, NONE)
    sums = np.zeros(2)
    for band in range(2):
        for request in range(requests):
            sums[band] += items.used[request, :, :, 2 + band].max()
    for one in range(requests):
        for other in range(requests):
            can[one, other] = one != other and _can_stand_in(items, one, other, sums[0] > 1.0, sums[1] > 1.0)
    for one in range(requests):
        for before in range(one):
            if can[one, before] and can[before, one]:
                can[one, before], twin[one] = False, before
    return can, twin


@compiled
def _can_stand_in(items: Items, one: int, other: int, uplink_binds: bool, downlink_binds: bool) -> bool:
    """Bands do not bind where all requests together fit them."""
    _, groups, compressions = items.value.shape
    for group in range(groups):
        window_s = items.window_s[group]
        for compression in range(compressions):
            value = items.value[other, group, compression]
            if value <= 0.0:
                continue
            mine, theirs = request_of(items, one, group, compression), request_of(items, other, group, compression)
            if (
                items.value[one, group, compression] < value
                or mine.prompt_tokens > theirs.prompt_tokens
                or mine.output_tokens > theirs.output_tokens
                or min(mine.slack_s, window_s) < min(theirs.slack_s, window_s)
                or mine.compute_s > theirs.compute_s
                or mine.memory_bytes > theirs.memory_bytes
                or (uplink_binds and mine.uplink_share > theirs.uplink_share)
                or (downlink_binds and mine.downlink_share > theirs.downlink_share)
            ):
                return False
    return True
