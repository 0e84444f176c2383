"""Random problems of several nodes: the families of one node's tests, a different one at each node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from zlib import crc32

import numpy as np

from edge_llm_baselines.assignment.problem import SeveralNodes
from tests.edge_llm_baselines.solvers.instances import FAMILIES

VALUES = ("counts", "of requests", "of pairs")
"""All worth the same, each the same at all nodes, or any."""


def assignments(
    family: str, count: int, sizes: tuple[int, int], nodes: tuple[int, int] = (1, 3)
) -> Iterator[SeveralNodes]:
    """So many problems whose first node is of a family, the same in every run; values of each kind in turn."""
    for index in range(count):
        rng = np.random.default_rng([crc32(family.encode()), index, *sizes, *nodes])
        size = int(rng.integers(*sizes, endpoint=True))
        families = [family, *rng.choice(list(FAMILIES), int(rng.integers(*nodes, endpoint=True)) - 1)]
        kind, of_requests = VALUES[index % len(VALUES)], rng.uniform(0.1, 1.0, size)
        values = {"counts": np.ones(size), "of requests": of_requests}
        yield SeveralNodes(
            tuple(
                replace(
                    FAMILIES[str(name)](rng, size),
                    values=values.get(kind, rng.uniform(0.1, 1.0, size) * (rng.random(size) < 0.8)),
                )
                for name in families
            )
        )
