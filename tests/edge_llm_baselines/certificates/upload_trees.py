"""Trees of futures in which uploads carry over, solved exactly for policies that send in whole thirds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import numpy as np

from edge_llm_baselines.certificates.clairvoyant.uploads import PenalisedUploads
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_env import load_scenario
from edge_llm_env.dynamics.params import node_params
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from tests.edge_llm_baselines.certificates.trees import WINDOW_S, Path, Tree

PARTS = 3
"""Of an upload; the last one is its last token, which is sent in the epoch that computes it."""

Pending = frozenset[tuple[int, int]]
"""Requests, each with the parts that it has sent."""


class UploadTree(Tree):
    """A tree whose requests send in as many epochs as they wait; a share is that of the whole upload."""

    @classmethod
    def random(cls, rng: np.random.Generator) -> UploadTree:
        """Three epochs of two branches, with two or three requests at first and at most one later."""
        weight = rng.uniform(0.2, 0.8)
        tree = cls(3, (weight, 1.0 - weight))
        for path in tree.nodes():
            tree.add(path, int(rng.integers(2, 4) if len(path) == 1 else rng.integers(0, 2)), rng)
            for request in [*tree.arrivals[path], *tree.waiting(path)]:
                tree.share[path, request] = float(rng.choice([0.3, 0.8, 1.5, 2.5, np.inf]))
        return tree

    @classmethod
    def of_two_rivals(cls, rng: np.random.Generator) -> UploadTree:
        """Two uploads of which one fits into the first epoch; in the second both do, of whoever has a channel then."""
        tree = cls(2, tuple(rng.dirichlet(np.ones(3))))
        for path in tree.nodes():
            tree.add(path, 2 if len(path) == 1 else int(rng.integers(0, 2)), rng)
            for request in [*tree.arrivals[path], *tree.waiting(path)]:
                tree.compute_s[request] = 1.0
                tree.last[request] = 1
                tree.share[path, request] = 1.0 if len(path) == 1 else float(rng.choice([0.3, np.inf]))
        return tree

    def add(self, path: Path, count: int, rng: np.random.Generator) -> None:
        """Requests that arrive at a node."""
        self.arrivals[path] = list(range(len(self.last), len(self.last) + count))
        self.compute_s.extend(float(rng.integers(2, 7)) for _ in range(count))
        self.last.extend(min(len(path) - 1 + int(rng.integers(0, 3)), self.epochs - 1) for _ in range(count))

    def new(self, path: Path) -> Pending:
        """Those that arrive at a node, with nothing sent."""
        return frozenset((request, 0) for request in self.arrivals[path])

    def decisions(self, path: Path, pending: Pending) -> Iterator[tuple[int, Pending]]:
        """What can be done at a node: how many are served, and who is left for the next epoch."""
        requests = sorted(pending)
        choices = [range(PARTS - sent + 1) for _, sent in requests]  # parts to send, or as many as are left: served
        for parts in product(*choices):
            share = compute_s = 0.0
            left, served = [], 0
            possible = True
            for (request, sent), more in zip(requests, parts, strict=True):
                share += more / PARTS * self.share[path, request] if more else 0.0
                if sent + more == PARTS:
                    served += 1
                    compute_s += self.compute_s[request]
                elif self.last[request] >= len(path):
                    left.append((request, sent + more))
                elif more:
                    possible = False  # sends for nothing
            if possible and share <= 1.0 + 1e-12 and compute_s <= WINDOW_S:
                yield served, frozenset(left)

    def most(self) -> Callable[[Path, Pending], float]:
        """The value function of who does not know the branches and sends in whole parts."""

        @cache
        def value(path: Path, pending: Pending) -> float:
            return max(
                served + sum(chance * value(child, left | self.new(child)) for chance, child in self.children(path))
                for served, left in self.decisions(path, pending)
            )

        return value

    def informed(self, leaf: Path, difference: Callable[[Path, int], float]) -> float:
        """Most that one who knows the leaf serves in whole parts, less differences times what is still to be sent."""

        @cache
        def value(epoch: int, pending: Pending) -> float:
            best = -np.inf
            for served, left in self.decisions(leaf[: epoch + 1], pending):
                worth = float(served)
                if epoch + 1 < self.epochs:
                    after = leaf[: epoch + 2]
                    worth -= sum(difference(after, request) * (1.0 - sent / PARTS) for request, sent in left)
                    worth += value(epoch + 1, left | self.new(after))
                best = max(best, worth)
            return best

        return value(0, self.new(leaf[:1]))

    def penalised_uploads(self, leaf: Path, difference: Callable[[Path, int], float]) -> PenalisedUploads:
        """The same as the certificate has it."""
        rows = [
            (request, epoch, request in self.arrivals[path])
            for epoch, path in enumerate(leaf[: at + 1] for at in range(self.epochs))
            for request in sorted([*self.waiting(path), *self.arrivals[path]])
        ]
        request, epoch = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
        arrives, nothing = np.array([row[2] for row in rows]), np.zeros(len(rows))
        found = [0.0 if new else difference(leaf[: at + 1], one) for one, at, new in rows]
        alone = AffineCost(Polynomial(), Polynomial(s=1.0))  # a prompt of so many tokens takes as many seconds
        free = AffineCost(Polynomial(), Polynomial())
        episode = UploadEpisode(
            Rule(alone, free, free, False, False, WINDOW_S, 1.0),
            node_params(load_scenario("embedding-uplink-carried")),
            len(self.last),
            self.epochs,
            request,
            epoch,
            np.array([self.share[leaf[: at + 1], one] for one, at, _ in rows]),
            nothing,
            np.full(len(rows), WINDOW_S),
            np.array([self.compute_s[one] for one in request]),
            nothing,
            np.full(len(rows), 1.0 / PARTS),
        )
        waiting = Waiting(request, epoch, arrives, nothing, nothing, self.epochs)
        return PenalisedUploads.of(episode, waiting, np.array(found))
