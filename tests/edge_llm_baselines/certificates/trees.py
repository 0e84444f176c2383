"""Tiny episodes whose future is a tree of a few branches, solved exactly by dynamic programming in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, combinations
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines import BatchProblem
from edge_llm_baselines.certificates.clairvoyant.penalised import PenalisedEpisode
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.hindsight.episode import EpisodeProblem, Offers
from edge_llm_env.solver.candidates import Candidates

WINDOW_S = 10.0
Path = tuple[int, ...]
"""Which branch was taken at each epoch: a node of the tree."""
Held = tuple[int, ...]
"""How many modules hold each variant; empty where they work as one."""


@dataclass(frozen=True)
class Tree:
    """Requests arrive, and channels come and go, as branches are drawn; all of a tree is known but the branch."""

    epochs: int
    chances: tuple[float, ...]
    """Of the branches of every node."""
    compute_s: list[float] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    """Epoch after which a request is lost."""
    arrivals: dict[Path, list[int]] = field(default_factory=dict)
    share: dict[tuple[Path, int], float] = field(default_factory=dict)
    """Of the uplink, that a request needs at a node."""
    begins: Held = ()
    """What is held as the first epoch begins."""

    @classmethod
    def random(cls, rng: np.random.Generator, most: int = 3) -> Self:
        """Three epochs of two branches, one to `most` requests in each, who can wait for one or two epochs or not."""
        weight = rng.uniform(0.2, 0.8)
        tree = cls(3, (weight, 1.0 - weight))
        for path in tree.nodes():
            epoch = len(path) - 1
            count = int(rng.integers(1, most + 1))
            new = list(range(len(tree.last), len(tree.last) + count))
            for _ in new:
                tree.compute_s.append(float(rng.integers(2, 9)))
                tree.last.append(min(epoch + int(rng.integers(0, 3)), tree.epochs - 1))
            tree.arrivals[path] = new
            for request in [*new, *tree.waiting(path)]:
                tree.share[path, request] = float(rng.choice([0.1, 0.4, 0.6, 1.5]))
        return tree

    @classmethod
    def of_two_rivals(cls, rng: np.random.Generator) -> Tree:
        """Two requests of which one can be served at a time; then one of three branches, in which others arrive."""
        tree = cls(2, tuple(rng.dirichlet(np.ones(3))))
        for path in tree.nodes():
            rivals = 2 if len(path) == 1 else 0
            others = 0 if rivals else int(rng.integers(0, 3))
            new = list(range(len(tree.last), len(tree.last) + rivals + others))
            tree.compute_s.extend(float(rng.integers(2, 9)) for _ in new)
            tree.last.extend(1 if at < rivals else len(path) - 1 for at, _ in enumerate(new))
            tree.arrivals[path] = new
            for request in [*new, *tree.waiting(path)]:
                fades = request < 2 and len(path) == 2
                tree.share[path, request] = float(rng.choice([0.6, 1.5])) if fades else (0.6 if request < 2 else 0.1)
        return tree

    def nodes(self) -> Iterator[Path]:
        """Parents first; the first epoch has one node."""
        level: list[Path] = [(0,)]
        for _ in range(self.epochs):
            yield from level
            level = [(*path, branch) for path in level for branch in range(len(self.chances))]

    def leaves(self) -> list[tuple[Path, float]]:
        """With their probabilities."""
        found = [path for path in self.nodes() if len(path) == self.epochs]
        return [(path, float(np.prod([self.chances[branch] for branch in path[1:]]))) for path in found]

    def children(self, path: Path) -> list[tuple[float, Path]]:
        if len(path) == self.epochs:
            return []
        return [(chance, (*path, branch)) for branch, chance in enumerate(self.chances)]

    def waiting(self, path: Path) -> list[int]:
        """Who may have waited into a node."""
        before = [request for at in range(1, len(path)) for request in self.arrivals[path[:at]]]
        return [request for request in before if self.last[request] >= len(path) - 1]

    def batches(self, path: Path, pending: frozenset[int]) -> Iterator[frozenset[int]]:
        """That can be served at a node."""
        return served_together(self.compute_s, {request: self.share[path, request] for request in pending})

    def moves(self, path: Path, pending: frozenset[int], held: Held) -> Iterator[tuple[frozenset[int], Held, float]]:
        """All that can be done at a node: who is served, what the node holds after it, and what that is worth."""
        for batch in self.batches(path, pending):
            yield batch, held, float(len(batch))

    def optimum(self) -> Callable[[Path, frozenset[int], Held], float]:
        """The value function: most that a policy which does not know the branches gains on average, from a node on."""

        @cache
        def value(path: Path, pending: frozenset[int], held: Held) -> float:
            best = 0.0
            for batch, after, gained in self.moves(path, pending, held):
                served = gained
                for chance, child in self.children(path):
                    left = [request for request in pending - batch if self.last[request] >= len(path)]
                    served += chance * value(child, frozenset(left) | frozenset(self.arrivals[child]), after)
                best = max(best, served)
            return best

        return value

    def clairvoyant(self, leaf: Path, difference: Callable[[Path, int], float]) -> float:
        """Most that one who knows the leaf serves, less the differences of those who wait."""

        @cache
        def value(epoch: int, pending: frozenset[int], held: Held) -> float:
            path = leaf[: epoch + 1]
            best = -np.inf
            for batch, then, gained in self.moves(path, pending, held):
                worth = gained
                if epoch + 1 < self.epochs:
                    after = leaf[: epoch + 2]
                    left = frozenset(request for request in pending - batch if self.last[request] > epoch)
                    worth -= sum(difference(after, request) for request in left)
                    worth += value(epoch + 1, left | frozenset(self.arrivals[after]), then)
                best = max(best, worth)
            return best

        return value(0, frozenset(self.arrivals[leaf[:1]]), self.begins)

    def penalised(self, leaf: Path, difference: Callable[[Path, int], float]) -> PenalisedEpisode:
        """The same as the certificate has it."""
        waiting, differences, offered = self.told(leaf, difference)
        return PenalisedEpisode.of(self.episode(offered), waiting, differences)

    def told(
        self, leaf: Path, difference: Callable[[Path, int], float]
    ) -> tuple[Waiting, NDArray[np.float64], list[tuple[int, int, float]]]:
        """Of a leaf who waits when, the differences, and by request, epoch and share of the uplink who is offered."""
        rows, offered = [], []
        for epoch in range(self.epochs):
            path = leaf[: epoch + 1]
            for request in sorted([*self.waiting(path), *self.arrivals[path]]):
                rows.append((request, epoch, request in self.arrivals[path]))
                if self.share[path, request] <= 1.0:
                    offered.append((request, epoch, self.share[path, request]))
        request, epoch = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
        arrives, nothing = np.array([row[2] for row in rows]), np.zeros(len(rows))
        waiting = Waiting(request, epoch, arrives, nothing, nothing, self.epochs)
        found = [
            0.0 if new else difference(leaf[: at + 1], one)
            for one, at, new in zip(request, epoch, arrives, strict=True)
        ]
        return waiting, np.array(found), offered

    def episode(self, offered: list[tuple[int, int, float]]) -> EpisodeProblem:
        """That of a node of one model, of who is offered: request, epoch and share of its uplink."""
        request, epoch = (np.array([one[at] for one in offered], dtype=np.int64) for at in range(2))
        share, nothing = np.array([one[2] for one in offered]), np.zeros(len(offered))
        problem = BatchProblem.additive(
            np.array([self.compute_s[one] for one in request]),
            share,
            nothing,
            nothing,
            np.full(len(offered), WINDOW_S),
            window_s=WINDOW_S,
            memory_limit_bytes=1.0,
        )
        first: NDArray[np.int64] = np.searchsorted(epoch, np.arange(self.epochs + 1))
        candidates = Candidates(*problem.candidates)
        return EpisodeProblem(problem.rule, Offers(request, epoch, first, candidates), len(self.last))


def served_together(compute_s: Sequence[float], share: Mapping[int, float]) -> Iterator[frozenset[int]]:
    """Those of some requests, each with its share of a node's uplink, that the node can serve in an epoch."""
    for batch in chain.from_iterable(combinations(sorted(share), size) for size in range(len(share) + 1)):
        fits_in_time = sum(compute_s[request] for request in batch) <= WINDOW_S
        if fits_in_time and sum(share[request] for request in batch) <= 1.0:
            yield frozenset(batch)


def differences_of(tree: Tree, worth: Callable[[Path, int], float]) -> Callable[[Path, int], float]:
    """W - E[W | the node before], of any function of a node and a request that waits into it."""

    @cache
    def difference(path: Path, request: int) -> float:
        siblings = tree.children(path[:-1])
        return worth(path, request) - sum(chance * worth(sibling, request) for chance, sibling in siblings)

    return difference


def random_worth(seed: int, scale: float) -> Callable[[Path, int], float]:
    """Normal numbers of that standard deviation: W of any node and request, of no sense."""

    @cache
    def worth(path: Path, request: int) -> float:
        return scale * float(np.random.default_rng([seed, request, *path]).standard_normal())

    return worth


def optimum_of(tree: Tree) -> float:
    """The most that a policy which does not know the branches serves on average."""
    return tree.optimum()((0,), frozenset(tree.arrivals[(0,)]), tree.begins)
