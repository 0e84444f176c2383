"""Columns of a branch and price as they are found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.columns.master import Pool


class Columns:
    """A pool that grows; a batch that it has is not added again."""

    def __init__(self) -> None:
        self.pool = Pool(
            np.zeros(64, dtype=np.int64), np.zeros(65, dtype=np.int64), np.zeros(512, dtype=np.int64), np.zeros(64)
        )
        self.count = 0
        self._known: set[tuple[int, bytes]] = set()

    def add(self, node: int, batch: NDArray[np.bool_], values: NDArray[np.float64]) -> bool:
        """Add a batch of a node, bool of shape (n,), of requests worth `values` there; whether it is new."""
        key = (node, np.packbits(batch).tobytes())
        if key in self._known or not batch.any():
            return False
        self._known.add(key)
        requests = np.flatnonzero(batch)
        end = int(self.pool.begin[self.count]) + len(requests)
        self._make_room(end)
        self.pool.node[self.count] = node
        self.pool.value[self.count] = values[requests].sum()
        self.pool.requests[end - len(requests) : end] = requests
        self.count += 1
        self.pool.begin[self.count] = end
        return True

    def open_under(self, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which columns hold only requests that their node may serve; bool of shape (K,), `allowed` (nodes, n)."""
        count, pool = self.count, self.pool
        is_open = np.zeros(len(pool.node), dtype=np.bool_)
        sizes = np.diff(pool.begin[: count + 1])
        members = allowed[np.repeat(pool.node[:count], sizes), pool.requests[: pool.begin[count]]]
        is_open[:count] = np.add.reduceat(~members, pool.begin[:count]) == 0 if count else False
        return is_open

    def _make_room(self, end: int) -> None:
        pool = self.pool
        if self.count == len(pool.node):
            pool = pool._replace(node=doubled(pool.node), begin=doubled(pool.begin), value=doubled(pool.value))
        while end > len(pool.requests):
            pool = pool._replace(requests=doubled(pool.requests))
        self.pool = pool


def doubled(array: NDArray) -> NDArray:
    """The array with as much room again."""
    return np.concatenate([array, np.zeros_like(array)])
