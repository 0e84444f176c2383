"""Trees of futures whose requests either of two nodes can serve: one of one model, and one that divides two modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from edge_llm_baselines.certificates.clairvoyant.networks import bound_of_networks
from edge_llm_baselines.nodes.clairvoyant.episode import NetworkEpisode
from tests.edge_llm_baselines.certificates.divided import DividedTree
from tests.edge_llm_baselines.certificates.trees import Held, Path, served_together


@dataclass(frozen=True)
class NetworkTree(DividedTree):
    """The second node is that of `DividedTree`; the first has a band and a window of its own."""

    first_share: dict[tuple[Path, int], float] = field(default_factory=dict)
    """Of the first node's uplink, that a request needs at a node of the tree."""

    @classmethod
    def random_divided(cls, rng: np.random.Generator) -> Self:
        """As that of `DividedTree`; each node hears each request as well as chance has it."""
        tree = super().random_divided(rng)
        tree.first_share.update({at: float(rng.choice([0.1, 0.6, 1.5, 1.5])) for at in tree.share})
        return tree

    @classmethod
    def of_divided_rivals(cls, rng: np.random.Generator) -> Self:
        """As that of `DividedTree`: the first node hears rivals in the second epoch, where the other does not."""
        tree = super().of_divided_rivals(rng)
        for (path, request), share in tree.share.items():
            heard = request < 2 and len(path) == 2 and share > 1.0 and rng.random() < 0.3
            tree.first_share[path, request] = 0.6 if heard else 1.5
        return tree

    def moves(self, path: Path, pending: frozenset[int], held: Held) -> Iterator[tuple[frozenset[int], Held, float]]:
        """Whoever the first node serves, and what the second does of the others."""
        at_first = set(self.batches(path, pending))
        for at_second, after, gained in super().moves(path, pending, held):
            for batch in at_first:
                if not at_second & batch:
                    yield at_second | batch, after, gained + len(batch)

    def batches(self, path: Path, pending: frozenset[int]) -> Iterator[frozenset[int]]:
        """That the first node can serve."""
        return served_together(self.compute_s, {request: self.first_share[path, request] for request in pending})

    def bound(self, leaf: Path, difference: Callable[[Path, int], float], iterations: int) -> float:
        """The certificate's, of one who knows the leaf."""
        waiting, differences, at_second = self.told(leaf, difference)
        rows = zip(waiting.request.tolist(), waiting.epoch.tolist(), strict=True)
        heard = ((request, epoch, self.first_share[leaf[: epoch + 1], request]) for request, epoch in rows)
        at_first = [offered for offered in heard if offered[2] <= 1.0]
        servers = (self.episode(at_first), self.divided_episode(at_second))
        return bound_of_networks(NetworkEpisode(servers, len(self.last)), waiting, differences, iterations)
