"""A rack's futures as trees, solved exactly by dynamic programming in plain Python, switch by switch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.racks.clairvoyant import Loads
from edge_llm_env import load_scenario
from edge_llm_env.rack.params import RackParams, rack_params
from edge_llm_env.scenarios.sections.reward_settings import R_ENERGY, R_SERVED

On = tuple[int, ...]
"""Epochs that each module that is on still starts, ascending."""
Waiting = tuple[int, ...]
"""The last epoch of each request that waits, ascending."""
Node = tuple[int, ...]
"""An epoch, and which future it has."""
EPOCH_S = 4.0


def random_params(rng: np.random.Generator, start_epochs: int, epochs: int) -> RackParams:
    """Two or three modules, alone, in pairs or all as one, and random prices."""
    modules = int(rng.integers(2, 4))
    some = _some_params()
    return some._replace(
        epoch_s=EPOCH_S,
        episode_epochs=epochs,
        modules=modules,
        modules_at_start=int(rng.integers(modules + 1)),
        start_s=EPOCH_S * (start_epochs - 0.5 * float(rng.random() < 0.5)) if start_epochs else 0.0,
        group_sizes=np.array([rng.choice([0, 1, 1, 2])]),
        largest=np.concatenate([[0], rng.integers(1, 4, size=modules)]),
        base_j=np.concatenate([[0.0], rng.uniform(0.0, 0.8, size=modules)]),
        one_j=np.concatenate([[0.0], rng.uniform(0.0, 0.3, size=modules)]),
        idle_j=float(rng.uniform(0.05, 0.5)),
        reward_weights=_weights(some.reward_weights),
    )


@cache
def _some_params() -> RackParams:
    return rack_params(load_scenario("feeder-rack"))


def _weights(of: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.zeros_like(of)
    weights[R_SERVED], weights[R_ENERGY] = 1.0, -1.0
    return weights


@dataclass(frozen=True)
class Futures(ABC):
    """What may come; who decides knows the node that he is at, and how likely its children are."""

    params: RackParams

    @abstractmethod
    def children(self, node: Node | None) -> list[tuple[float, Node]]:
        """With their probabilities; those of None are of the first epoch, those of the last none."""

    @abstractmethod
    def load(self, node: Node) -> tuple[int, int]:
        """Who come as its epoch begins: who have that one only, and who have the next one too."""

    @abstractmethod
    def epoch(self, node: Node) -> int:
        """Counted from 0."""

    def charge(self, node: Node, on: On, waiting: Waiting) -> float:
        """What is paid as its epoch begins."""
        return 0.0

    def come(self, node: Node) -> Waiting:
        """Those who come, by their last epochs."""
        urgent, patient = self.load(node)
        return (self.epoch(node),) * urgent + (self.epoch(node) + 1,) * patient

    def value(self, freely: bool = False) -> Callable[[Node, On, Waiting], float]:
        """The most that is earned on average from a node on, by who does not know which child comes.

        Modules are switched on or off in an epoch, or `freely`: some off and others on.
        """

        @cache
        def value(node: Node, on: On, waiting: Waiting) -> float:
            best = -np.inf
            for kept, started in self.moves(on, freely):
                earned, after, left = self.step(self.epoch(node), on, waiting, kept, started)
                for chance, child in self.children(node):
                    earned += chance * value(child, after, tuple(sorted(left + self.come(child))))
                best = max(best, earned)
            return best - self.charge(node, on, waiting)

        return value

    def optimum(self, freely: bool = False) -> float:
        """Of an episode."""
        value, begin = self.value(freely), (0,) * self.params.modules_at_start
        return sum(chance * value(child, begin, self.come(child)) for chance, child in self.children(None))

    def moves(self, on: On, freely: bool) -> Iterator[tuple[int, int]]:
        """How many modules are kept and how many started."""
        for kept in range(len(on) + 1):
            yield kept, 0
            if freely or kept == len(on):
                for started in range(1, self.params.modules - kept + 1):
                    yield kept, started

    def step(self, epoch: int, on: On, waiting: Waiting, kept: int, started: int) -> tuple[float, On, Waiting]:
        """An epoch's reward, what is on as the next one begins, and who waits into it."""
        params, start_epochs = self.params, int(np.ceil(self.params.start_s / EPOCH_S))
        after = [*sorted(on)[:kept], *[start_epochs] * started]  # those that start longest go first
        ready, size = after.count(0), int(params.group_sizes[0])
        groups, together = (ready // size, size) if size else (1, ready)
        largest = int(params.largest[together])
        by_due = sorted(waiting)
        served = min(len(by_due), groups * largest)
        energy_j, to_serve = len(after) * params.idle_j, served
        while to_serve > 0:
            batch = min(to_serve, largest)
            energy_j += params.base_j[together] + batch * params.one_j[together]
            to_serve -= batch
        reward = params.reward_weights[R_SERVED] * served + params.reward_weights[R_ENERGY] * energy_j
        left = tuple(due for due in by_due[served:] if due > epoch)
        return float(reward), tuple(sorted(max(0, starts - 1) for starts in after)), left


@dataclass(frozen=True)
class Tree(Futures):
    """Two branches in each epoch; a node is the branches that were taken."""

    chances: tuple[float, float] = (0.5, 0.5)
    loads: dict[Node, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def random(cls, rng: np.random.Generator, start_epochs: int) -> Self:
        """Up to three requests an epoch, who have one epoch or two."""
        weight, epochs = float(rng.uniform(0.2, 0.8)), int(rng.choice([3, 3, 4]))
        tree = cls(random_params(rng, start_epochs, epochs), (weight, 1.0 - weight))
        for node in tree.nodes():
            count = int(rng.choice([0, 1, 2, 3, 3]))
            patient = int(rng.integers(count + 1))
            tree.loads[node] = count - patient, patient
        return tree

    def nodes(self) -> Iterator[Node]:
        """Parents first."""
        level: list[Node] = [()]
        for _ in range(self.params.episode_epochs):
            level = [(*node, branch) for node in level for branch in range(2)]
            yield from level

    def leaves(self) -> list[tuple[float, Node]]:
        """With their probabilities."""
        found = [node for node in self.nodes() if len(node) == self.params.episode_epochs]
        return [(prod(self.chances[branch] for branch in node), node) for node in found]

    def children(self, node: Node | None) -> list[tuple[float, Node]]:
        node = node or ()
        if len(node) == self.params.episode_epochs:
            return []
        return [(chance, (*node, branch)) for branch, chance in enumerate(self.chances)]

    def load(self, node: Node) -> tuple[int, int]:
        return self.loads[node]

    def epoch(self, node: Node) -> int:
        return len(node) - 1

    def loads_of(self, leaf: Node) -> Loads:
        """As the certificate has them."""
        urgent, patient = np.array([self.loads[leaf[: at + 1]] for at in range(len(leaf))]).T
        return Loads(urgent.copy(), patient.copy())

    def clairvoyant(self, leaf: Node, differences: NDArray[np.float64] | None = None, freely: bool = False) -> float:
        """The most that who knows the leaf earns, less the differences, switch by switch or freely."""
        return Told(self.params, self, leaf, differences).optimum(freely)

    def differences(self, leaf: Node, worth: Callable[[Node, int, int], float], most: int) -> NDArray[np.float64]:
        """W(node, ready, backlog) less its mean over the siblings, of the nodes of a leaf; the backlog to `most`."""
        found = np.zeros((len(leaf), self.params.modules + 1, most + 1))
        for epoch, ready, backlog in np.ndindex(found.shape):
            parent = leaf[:epoch]
            mean = sum(chance * worth(sibling, ready, backlog) for chance, sibling in self.children(parent))
            found[epoch, ready, backlog] = worth(leaf[: epoch + 1], ready, backlog) - mean
        return found


@dataclass(frozen=True, eq=False)
class Told(Futures):
    """A tree's leaf is known, and charged for by what is ready as each epoch begins, and who has waited into it."""

    tree: Tree
    leaf: Node
    differences: NDArray[np.float64] | None

    def children(self, node: Node | None) -> list[tuple[float, Node]]:
        after = self.leaf[: len(node or ()) + 1]
        return [] if after == node else [(1.0, after)]

    def load(self, node: Node) -> tuple[int, int]:
        return self.tree.load(node)

    def epoch(self, node: Node) -> int:
        return self.tree.epoch(node)

    def charge(self, node: Node, on: On, waiting: Waiting) -> float:
        backlog = len(waiting) - sum(self.load(node))
        return 0.0 if self.differences is None else float(self.differences[self.epoch(node), on.count(0), backlog])


@dataclass(frozen=True)
class PoissonFutures(Futures):
    """Loads are independent Poisson numbers, all of one patience; a node is an epoch and its load."""

    chances: tuple[tuple[float, ...], ...] = ()
    """Of each epoch's loads."""
    waits: bool = False

    def children(self, node: Node | None) -> list[tuple[float, Node]]:
        epoch = 0 if node is None else node[0] + 1
        if epoch == self.params.episode_epochs:
            return []
        return [(chance, (epoch, load)) for load, chance in enumerate(self.chances[epoch])]

    def load(self, node: Node) -> tuple[int, int]:
        return (0, node[1]) if self.waits else (node[1], 0)

    def epoch(self, node: Node) -> int:
        return node[0]
