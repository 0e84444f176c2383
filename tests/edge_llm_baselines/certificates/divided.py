"""Trees of futures whose node divides two modules between two variants, solved exactly in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.modules import bound_of_modules
from edge_llm_baselines.hindsight.episode import Offers
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.transitions import late_s
from edge_llm_env.dynamics.params import NodeParams, node_params
from edge_llm_env.solver.candidates import Candidates
from tests.edge_llm_baselines.certificates.trees import WINDOW_S, Held, Path, Tree
from tests.support.allocation import tiers

MODULES = 2
AT_ONCE_S, PART_S = 0.0, 3.0
"""Loading time of a variant: none, or some of an epoch's window, what is left of which serves a batch of its own."""
WHOLE_S = 1.5 * WINDOW_S
"""Or all of it: the module serves from the next epoch on."""


@dataclass(frozen=True)
class DividedTree(Tree):
    """Each variant serves some of the requests, in a time of its own."""

    able: list[tuple[bool, bool]] = field(default_factory=list)
    """Which variants each request takes."""
    takes: tuple[float, float] = (0.5, 1.0)
    """Time of each variant on one module, times a request's compute time; several modules share it."""
    loads_s: tuple[float, float] = (AT_ONCE_S, AT_ONCE_S)

    @classmethod
    def random_divided(cls, rng: np.random.Generator) -> Self:
        """As `Tree.random`, at most two arrivals an epoch; the second variant serves all, and takes longer."""
        tree = cls.random(rng, most=2)
        loads_s = rng.choice([AT_ONCE_S, PART_S, WHOLE_S], size=2)
        held = int(rng.integers(MODULES + 1))
        return replace(
            tree,
            able=[(bool(rng.random() < 0.5), True) for _ in tree.last],
            takes=(float(rng.choice([0.5, 1.0])), float(rng.choice([1.0, 2.0]))),
            loads_s=(float(loads_s[0]), float(loads_s[1])),
            begins=(held, MODULES - held),
        )

    @classmethod
    def of_divided_rivals(cls, rng: np.random.Generator) -> Self:
        """As `Tree.of_two_rivals`: rivals take the second variant on both modules, which load in no time, others either
        variant.
        """
        tree = cls.of_two_rivals(rng)
        compute_s = [9.0 if request < 2 else work for request, work in enumerate(tree.compute_s)]
        others = [bool(rng.random() < 0.7) for _ in tree.last[2:]]
        able = [(False, True)] * 2 + [(first, not first) for first in others]
        return replace(tree, compute_s=compute_s, able=able, takes=(1.0, 2.0), begins=(1, 1))

    def moves(self, path: Path, pending: frozenset[int], held: Held) -> Iterator[tuple[frozenset[int], Held]]:
        """Every partition of the modules, and whoever its groups can serve."""
        for first in range(MODULES + 1):
            counts = (first, MODULES - first)
            groups = []
            for variant, count in enumerate(counts):
                kept, come = min(count, held[variant]), max(0, count - held[variant])
                load_s = self.loads_s[variant]
                if load_s == AT_ONCE_S:
                    kept, come = count, 0
                groups.append((variant, kept, WINDOW_S))
                if load_s < WINDOW_S:
                    groups.append((variant, come, WINDOW_S - load_s))
            for served in self.servable(path, pending, tuple(group for group in groups if group[1] > 0)):
                yield served, counts

    def servable(
        self, path: Path, pending: frozenset[int], groups: tuple[tuple[int, int, float], ...]
    ) -> set[frozenset[int]]:
        """Sets that groups of a variant, a number of modules and a time (s) serve together, of one uplink."""
        found = set()
        among = sorted(request for request in pending if self.share[path, request] <= 1.0)
        for by in product(range(len(groups) + 1), repeat=len(among)):  # the last is nobody
            served = [request for request, group in zip(among, by, strict=True) if group < len(groups)]
            if sum(self.share[path, request] for request in served) > 1.0 + 1e-9:
                continue
            left_s = [time_s for _, _, time_s in groups]
            for request, group in zip(among, by, strict=True):
                if group < len(groups):
                    variant, count, _ = groups[group]
                    takes_s = self.compute_s[request] * self.takes[variant] / count
                    left_s[group] -= takes_s if self.able[request][variant] else np.inf
            if min(left_s, default=0.0) >= -1e-9:
                found.add(frozenset(served))
        return found

    def bound(self, leaf: Path, difference: Callable[[Path, int], float], iterations: int) -> float:
        """The certificate's, of one who knows the leaf."""
        waiting, differences, offered = self.told(leaf, difference)
        return bound_of_modules(self.divided_episode(offered), waiting, differences, iterations)

    def divided_episode(self, offered: list[tuple[int, int, float]]) -> ModulesEpisode:
        """That of who is offered: request, epoch and share of the uplink."""
        request, epoch = (np.array([one[at] for one in offered], dtype=np.int64) for at in range(2))
        share, nothing = np.array([one[2] for one in offered]), np.zeros(len(offered))
        compute_s, slack_s = np.array([self.compute_s[one] for one in request]), np.full(len(offered), WINDOW_S)
        first: NDArray[np.int64] = np.searchsorted(epoch, np.arange(self.epochs + 1))
        candidates = Candidates(compute_s, nothing, slack_s, share, nothing, nothing, nothing)
        able = np.array([self.able[one] for one in request], dtype=np.bool_).reshape(-1, 2)
        params = self.params()
        hosts = np.repeat([0, 1], self.begins)
        return ModulesEpisode(
            params, Offers(request, epoch, first, candidates), able, late_s(params), hosts, len(self.last)
        )

    def params(self) -> NodeParams:
        """Of a node whose prompts are as long as requests compute on one module (s), and which has no other limit."""
        cost = np.zeros((2, MODULES, 3, 2, 6))
        for variant, count in product(range(2), range(1, MODULES + 1)):
            cost[variant, count - 1, 0, 1, 1] = self.takes[variant] / count  # (s) of compute, per token of a prompt
        return empty_node()._replace(
            pads_prompts=False,
            pads_outputs=False,
            window_s=WINDOW_S,
            epoch_s=WINDOW_S,
            uplink_s=0.0,
            module_memory_bytes=1.0,
            variant_weight_bytes=np.zeros(2),
            variant_cost=cost,
            variant_accuracy=np.zeros((2, 1)),
            variant_load_s=np.array([min(load_s, WINDOW_S) for load_s in self.loads_s]),
        )


@cache
def empty_node() -> NodeParams:
    """Some node of two modules."""
    return node_params(tiers(node__modules=MODULES), hosts_variants=True, keeps_split=True)
