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

    worth: list[tuple[float, float]] = field(default_factory=list)
    """What it is worth to serve each request by each variant, 0 where it does not take that one."""
    takes: tuple[float, float] = (0.5, 1.0)
    """Time of each variant on one module, times a request's compute time; several modules share it."""
    loads_s: tuple[float, float] = (AT_ONCE_S, AT_ONCE_S)
    levels: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    """Parts of a request's compute time, and of its worth, that it can be served at."""

    @classmethod
    def random_divided(cls, rng: np.random.Generator) -> Self:
        """As `Tree.random`, at most two arrivals an epoch; the second variant serves all, and takes longer."""
        tree = cls.random(rng, most=2)
        loads_s = rng.choice([AT_ONCE_S, PART_S, WHOLE_S], size=2)
        held = int(rng.integers(MODULES + 1))
        return replace(
            tree,
            worth=[(float(rng.random() < 0.5), 1.0) for _ in tree.last],
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
        worth = [(0.0, 1.0)] * 2 + [(float(first), float(not first)) for first in others]
        return replace(tree, compute_s=compute_s, worth=worth, takes=(1.0, 2.0), begins=(1, 1))

    def moves(self, path: Path, pending: frozenset[int], held: Held) -> Iterator[tuple[frozenset[int], Held, float]]:
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
            together = self.servable(path, pending, tuple(group for group in groups if group[1] > 0))
            for served, gained in together.items():
                yield served, counts, gained

    def servable(
        self, path: Path, pending: frozenset[int], groups: tuple[tuple[int, int, float], ...]
    ) -> dict[frozenset[int], float]:
        """Sets that groups of a variant, a number of modules and a time (s) serve together, of one uplink, and the most
        that they are worth so.
        """
        found: dict[frozenset[int], float] = {}
        among = sorted(request for request in pending if self.share[path, request] <= 1.0)
        ways = [(group, level) for group in range(len(groups)) for level in range(len(self.levels))]
        for by in product([*ways, None], repeat=len(among)):
            served = [(request, *way) for request, way in zip(among, by, strict=True) if way is not None]
            if sum(self.share[path, request] for request, _, _ in served) > 1.0 + 1e-9:
                continue
            left_s, gained = [time_s for _, _, time_s in groups], 0.0
            for request, group, level in served:
                variant, count, _ = groups[group]
                part, worth = self.levels[level]
                left_s[group] -= part * self.compute_s[request] * self.takes[variant] / count
                worth *= self.worth[request][variant]
                gained += worth if worth > 0.0 else -np.inf
            if min(left_s, default=0.0) >= -1e-9 and gained >= 0.0:
                together = frozenset(request for request, _, _ in served)
                found[together] = max(gained, found.get(together, 0.0))
        return found

    def bound(self, leaf: Path, difference: Callable[[Path, int], float], iterations: int) -> float:
        """The certificate's, of one who knows the leaf."""
        waiting, differences, offered = self.told(leaf, difference)
        episode = self.divided_episode(offered)
        parts = np.array([part for _, part in self.levels])
        worth = np.array([self.worth[one] for one in episode.offers.request]).reshape(-1, 2)
        worth *= np.tile(parts, len(offered))[:, None]
        return bound_of_modules(episode, worth, waiting, differences, iterations)

    def divided_episode(self, offered: list[tuple[int, int, float]]) -> ModulesEpisode:
        """That of who is offered: request, epoch and share of the uplink; an offer for each level."""
        offered = [one for one in offered for _ in self.levels]
        request, epoch = (np.array([one[at] for one in offered], dtype=np.int64) for at in range(2))
        share, nothing = np.array([one[2] for one in offered]), np.zeros(len(offered))
        parts = np.tile([part for part, _ in self.levels], len(offered) // len(self.levels))
        compute_s, slack_s = parts * [self.compute_s[one] for one in request], np.full(len(offered), WINDOW_S)
        first: NDArray[np.int64] = np.searchsorted(epoch, np.arange(self.epochs + 1))
        candidates = Candidates(compute_s, nothing, slack_s, share, nothing, nothing, nothing)
        able = np.array([self.worth[one] for one in request]).reshape(-1, 2) > 0.0
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
