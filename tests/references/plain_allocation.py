"""The optimum of an epoch with allocations, in plain Python from the definitions: every subset, every partition.

What a batch needs comes from the reference node, which shares no code with the kernels; one node per variant and number
of modules. Only for a handful of requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

from edge_llm_env import Scenario, Workload, load_scenario
from edge_llm_env.inference.quantization import accuracy_from_perplexity
from tests.references.plain_node import TOLERANCE, Node, Request
from tests.references.plain_roofline import node_of


@dataclass
class Epoch:
    """The first epoch of a workload: all that arrived before it, with the modules divided evenly and loaded."""

    scenario: Scenario
    workload: Workload

    @cached_property
    def pending(self) -> list[Request]:
        """Requests that have arrived, in order; a test's workloads have none that must expire or be rejected."""
        workload = self.workload
        return [
            Request(
                i,
                float(workload.arrival_s[i]),
                int(workload.prompt_tokens[i]),
                int(workload.output_tokens[i]),
                float(workload.latency_requirement_s[i]),
                float(workload.accuracy_requirement[i]),
                workload.uplink_gain[i].tolist(),
                workload.downlink_gain[i].tolist(),
            )
            for i in range(workload.requests)
            if workload.arrival_s[i] < self.start_s
        ]

    @property
    def start_s(self) -> float:
        return self.scenario.epoch.epoch_s

    @cached_property
    def node(self) -> Node:
        """All modules as one, for transfers and for what `Bandwidth-v0` computes."""
        return node_of(self.scenario)

    # --- one node

    def best_batch(self) -> int:
        """Most requests that a batch with least shares, and parts as short as it can have, serves: all 2^n tried."""
        return max(len(batch) for batch in subsets(self.pending) if self.node.can_serve(batch, self.start_s))

    def best_batch_in_parts(self, uplink_s: float, downlink_s: float) -> int:
        """The same for a flexible split that is given: transfers fit the parts, and computation what they leave."""
        sizes = [
            size
            for size, needs_uplink_s, needs_downlink_s, compute_s, latest_s in self.needs
            if fits(needs_uplink_s, uplink_s)
            and fits(needs_downlink_s, downlink_s)
            and fits(compute_s, latest_s - uplink_s - downlink_s)
        ]
        return max(sizes, default=0)

    @cached_property
    def needs(self) -> list[tuple[int, float, float, float, float]]:
        """Of every batch that fits the memory: its size, what it needs of whole bands and to compute, and when it must
        be over, at the end of the epoch or before (s)."""
        return [
            (
                len(batch),
                self.uplink_s(batch),
                self.downlink_s(batch),
                self.node.compute_s(batch),
                min([self.start_s, *(self.node.slack_s(request, self.start_s) for request in batch)]),
            )
            for batch in subsets(self.pending)
            if fits(self.node.memory_bytes(batch), self.node.memory_limit_bytes)
        ]

    def uplink_s(self, batch: list[Request]) -> float:
        """Time of the whole uplink that a batch needs, Σ bits / R."""
        return sum(self.node.uplink_share(request) for request in batch) * self.node.uplink_s

    def downlink_s(self, batch: list[Request]) -> float:
        return sum(self.node.downlink_share(request) for request in batch) * self.node.downlink_s

    # --- variants

    @cached_property
    def variants(self) -> list[list[Node]]:
        """A node for each variant, cheapest first, and each number of modules from 1 on."""
        node = self.scenario.node
        nodes = [
            [
                node_of(
                    load_scenario(
                        self.scenario,
                        **{
                            "node.decoder": one.decoder,
                            "node.precision": one.precision,
                            "node.perplexity_increase": one.perplexity_increase,
                            "node.modules": modules,
                            "node.variants": [],
                        },
                    )
                )
                for modules in range(1, node.modules + 1)
            ]
            for one in node.variants
        ]
        alone = Request(-1, 0.0, 128, 128, 0.0, 0.0, [1.0], [1.0])
        return sorted(nodes, key=lambda of_variant: of_variant[-1].compute_s([alone]))

    def can_compute(self, variant: int, modules: int, batch: list[Request], taken_s: float) -> bool:
        """Accuracy, memory and time of a variant's batch, when `taken_s` of the window and of slacks has gone."""
        if not batch:
            return True
        if modules == 0:
            return False
        node = self.variants[variant][modules - 1]
        limits = [node.window_s - taken_s, *(node.slack_s(request, self.start_s) - taken_s for request in batch)]
        held_bytes = modules * node.weight_bytes() + node.kv_bytes(batch)
        accuracy = accuracy_from_perplexity(node.quantization.perplexity_increase)
        return (
            all(request.accuracy_requirement <= accuracy for request in batch)
            and fits(held_bytes, modules * self.scenario.node.memory_bytes_per_module)
            and all(fits(node.compute_s(batch), limit) for limit in limits)
        )

    def partitions(self) -> Iterator[tuple[int, ...]]:
        """All ways to give all modules to variants."""
        modules = self.scenario.node.modules
        for counts in product(range(modules + 1), repeat=len(self.variants)):
            if sum(counts) == modules:
                yield counts

    def groups(self, counts: tuple[int, ...]) -> list[tuple[int, int, float]]:
        """Variant, modules and loading time (s) of what computes together: those that a variant has, and those that it
        gets and has to load first. What has loaded when a fixed uplink is over is one with those it has."""
        node, total, variants = self.scenario.node, self.scenario.node.modules, len(self.variants)
        found = []
        for variant, modules in enumerate(counts):
            has = sum(module * variants // total == variant for module in range(total))
            load_s = self.variants[variant][0].weight_bytes() / node.storage_bandwidth_bytes_per_s
            kept, late = min(has, modules), max(0, modules - has)
            if load_s <= (0.0 if self.node.flexible else self.scenario.epoch.uplink_s):
                kept, late = kept + late, 0
            found += [(variant, kept, 0.0), (variant, late, load_s)]
        return [group for group in found if group[1]]

    def cascades(self, counts: tuple[int, ...]) -> set[int]:
        """What the cascade of largest batches may serve with a partition: several numbers where batches tie."""
        outcomes: set[int] = set()
        self._cascade(self.groups(counts), [], outcomes)
        return outcomes

    def _cascade(self, groups: list[tuple[int, int, float]], served: list[Request], outcomes: set[int]) -> None:
        if not groups:
            outcomes.add(len(served))
            return
        variant, modules, load_s = groups[0]
        open_to_it = [request for request in self.pending if request not in served]
        taken_s = max(0.0, load_s - self.scenario.epoch.uplink_s)
        possible = [
            batch
            for batch in subsets(open_to_it)
            if self.can_compute(variant, modules, batch, taken_s) and self.node.can_transmit(served + batch)
        ]
        most = max(len(batch) for batch in possible)
        for batch in possible:
            if len(batch) == most:
                self._cascade(groups[1:], served + batch, outcomes)

    def best_assignment(self) -> int:
        """Most requests that any partition and any assignment of requests to variants serves, with the best split."""
        most = 0
        for counts in self.partitions():
            groups = self.groups(counts)
            for servers in product((None, *range(len(groups))), repeat=len(self.pending)):
                batches = [
                    [request for request, server in zip(self.pending, servers, strict=True) if server == group]
                    for group in range(len(groups))
                ]
                served = [request for batch in batches for request in batch]
                if len(served) > most and self._can_do(groups, batches, served):
                    most = len(served)
        return most

    def _can_do(
        self, groups: list[tuple[int, int, float]], batches: list[list[Request]], served: list[Request]
    ) -> bool:
        if not self.node.can_transmit(served):
            return False
        for (variant, modules, loading_s), batch in zip(groups, batches, strict=True):
            if self.node.flexible:
                taken_s = max(loading_s, self.uplink_s(served)) + self.downlink_s(served)
            else:
                taken_s = max(0.0, loading_s - self.scenario.epoch.uplink_s)
            if not self.can_compute(variant, modules, batch, taken_s):
                return False
        return True


def subsets(requests: list[Request]) -> Iterator[list[Request]]:
    """Every subset, in order of size."""
    for size in range(len(requests) + 1):
        yield from map(list, combinations(requests, size))


def fits(amount: float, capacity: float) -> bool:
    """With the tolerance that the suite documents."""
    return not math.isnan(amount) and amount <= capacity * (1 + TOLERANCE)
