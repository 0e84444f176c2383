"""`Compute-v0` once more, in plain Python: modules that load, and classes of requests, written from `docs/model.md`.

Modules are a list of what each hosts and how long it loads; nothing is shared with the kernels but what
`plain_simulator` shares. Batches are those of first come, first served, since largest ones are not unique.
"""

from __future__ import annotations

import math
from typing import Any

from edge_llm_env import Scenario, Workload, load_scenario
from edge_llm_env.inference.catalog import load_quantization
from tests.references.plain_node import TOLERANCE, Node, Request
from tests.references.plain_roofline import RooflineNode, node_of
from tests.references.plain_simulator import ReferenceSimulator


class LoadingModules(ReferenceSimulator):
    """One episode of a scenario on a workload, in which an action says how many modules host each variant."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self.classes = workload.request_class.tolist()
        names = list(scenario.workload.classes.names) if scenario.workload.classes else ["all"]
        modules = scenario.node.modules
        made: list[tuple[float, list[Node], list[float]]] = []
        for one in scenario.node.variants:
            nodes = [node_of(hosting(scenario, one, count)) for count in range(1, modules + 1)]
            by_perplexity = load_quantization(one.decoder, one.precision, one.perplexity_increase).accuracy
            accuracies = [by_perplexity if one.accuracies is None else one.accuracies.get(name, -1.0) for name in names]
            longest = (max(scenario.workload.prompt_tokens), max(scenario.workload.output_tokens))
            alone = Request(-1, 0.0, *longest, 0.0, 0.0, [1.0], [1.0])
            made.append((nodes[-1].compute_s([alone]), nodes, accuracies))
        made.sort(key=lambda variant: variant[0])
        self.nodes, self.accuracies = [one[1] for one in made], [one[2] for one in made]
        bandwidth = scenario.node.storage_bandwidth_bytes_per_s
        self.load_s = [scenario.node.engine_start_s + read_bytes(one[0]) / bandwidth for one in self.nodes]
        self.hosts = [(module * len(made) // modules, 0.0) for module in range(modules)]
        self.recent, self.busy_since_s = [0.0] * len(names), [math.inf] * len(names)
        self.noted = 0
        super().__init__(scenario, workload)
        self._note_arrivals()

    # --- what an agent can do

    def step_modules(self, counts: list[int]) -> float:
        """Move modules, serve, and end the epoch."""
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        kept: list[tuple[int, float]] = []
        for variant, count in enumerate(counts):
            had = sorted(left_s for host, left_s in self.hosts if host == variant)
            kept += [(variant, left_s) for left_s in had[:count]]
            kept += [(variant, self.load_s[variant])] * (count - len(had))
        self.hosts = kept
        epoch, weights = self.scenario.epoch, self.scenario.reward
        served: list[Request] = []
        memory, compute_s, energy_j = 0.0, 0.0, 0.0
        for variant, size, ready_s in self.groups():
            delay_s = max(0.0, ready_s - epoch.uplink_s)
            batch: list[Request] = []
            for request in self.visible:
                accurate = request.accuracy_requirement <= self.accuracies[variant][self.classes[request.index]]
                grown = [*batch, request]
                if request not in served and accurate and self._fits(variant, size, delay_s, grown, served):
                    batch = grown
            served += batch
            node = self.nodes[variant][size - 1]
            memory += node.kv_bytes(batch) + node.weight_bytes() + (size - 1) * read_bytes(self.nodes[variant][0])
            if batch:
                compute_s += node.compute_s(batch) * size / self.scenario.node.modules
                energy_j += node.energy_j(batch)
        beyond = [(variant, left_s) for variant, left_s in self.hosts if left_s > epoch.epoch_s]
        memory += sum(read_bytes(self.nodes[variant][0]) for variant, _ in beyond)
        for request in served:
            request.fate = "served"
            self.reward_terms["served"] += weights.served
            self.reward_terms["tokens"] += weights.tokens * request.output_tokens
        self.reward_terms["energy"] = weights.energy * energy_j
        self.utilisation = {
            "uplink": sum(map(self.node.uplink_share, served)),
            "downlink": sum(map(self.node.downlink_share, served)),
            "memory": memory / self.node.memory_limit_bytes,
            "compute": compute_s / self.node.window_s,
        }
        self.epochs += 1
        self._begin_epoch()
        self._note_arrivals()
        self.hosts = [(variant, max(0.0, left_s - epoch.epoch_s)) for variant, left_s in self.hosts]
        return sum(self.reward_terms.values())

    def groups(self) -> list[tuple[int, int, float]]:
        """Variant, modules and loading time (s) of what computes together: those of a variant that have loaded when
        the uplink is over, and those that load before the epoch is."""
        found = []
        for variant in range(len(self.nodes)):
            left_s = [left for host, left in self.hosts if host == variant]
            loaded = [left for left in left_s if left <= self.scenario.epoch.uplink_s]
            late = [left for left in left_s if self.scenario.epoch.uplink_s < left <= self.scenario.epoch.epoch_s]
            found += [(variant, len(loaded), 0.0)] if loaded else []
            found += [(variant, len(late), max(late))] if late else []
        return found

    def _fits(self, variant: int, size: int, delay_s: float, batch: list[Request], served: list[Request]) -> bool:
        node = self.nodes[variant][size - 1]
        limits = [node.window_s - delay_s, *(node.slack_s(request, self.start_s) - delay_s for request in batch)]
        held = node.kv_bytes(batch) + node.weight_bytes() + (size - 1) * read_bytes(self.nodes[variant][0])
        return (
            limits[0] > 0.0
            and self.node.can_transmit([*served, *batch])
            and held <= size * self.scenario.node.memory_bytes_per_module * (1 + TOLERANCE)
            and all(node.compute_s(batch) <= limit * (1 + TOLERANCE) for limit in limits)
        )

    # --- what an agent can see

    def seen_of_variants(self) -> list[float]:
        """Modules and loaded modules of each variant as parts of all, and then each one's accuracy for each class."""
        total = self.scenario.node.modules
        seen = []
        for variant in range(len(self.nodes)):
            left_s = [left for host, left in self.hosts if host == variant]
            seen += [len(left_s) / total, sum(left <= self.scenario.epoch.uplink_s for left in left_s) / total]
        return seen + [max(0.0, accuracy) for of_variant in self.accuracies for accuracy in of_variant]

    def seen_of_modules(self) -> list[tuple[float, float]]:
        """What each hosts and how long it loads, in ascending order."""
        return sorted(((host + 1) / len(self.nodes), left_s / max(self.load_s)) for host, left_s in self.hosts)

    def seen_of_classes(self) -> list[float]:
        """Of each class who waits, its recent share, and since when it is busy; nothing of a single one."""
        if len(self.recent) == 1:
            return []
        seen = []
        slots, epoch_s = self.scenario.epoch.visible_slots, self.scenario.epoch.epoch_s
        for each, recent in enumerate(self.recent):
            waiting = sum(self.classes[request.index] == each for request in self.visible)
            share = recent / sum(self.recent) if sum(self.recent) else 0.0
            seen += [waiting / slots, share, min(1.0, self.busy_since_s[each] / (32 * epoch_s))]
        return seen

    def _note_arrivals(self) -> None:
        arrived = [self.classes[request.index] for request in self.requests if request.fate != "not arrived"]
        new, self.noted = arrived[self.noted :], len(arrived)
        was_busy = self._busy()
        self.recent = [recent / 2 + new.count(each) for each, recent in enumerate(self.recent)]
        for each, (before, now) in enumerate(zip(was_busy, self._busy(), strict=True)):
            since_s = self.busy_since_s[each] + self.scenario.epoch.epoch_s
            self.busy_since_s[each] = 0.0 if now and not before else since_s

    def _busy(self) -> list[bool]:
        total, classes = sum(self.recent), len(self.recent)
        return [total > 0 and recent * classes >= 1.5 * total for recent in self.recent]

    # --- what happens then

    def _begin_epoch(self) -> None:
        self.batch = []
        for request in self.requests:
            offered = max(accuracies[self.classes[request.index]] for accuracies in self.accuracies)
            if request.fate == "pending":
                request.epochs_pending += 1
            elif request.fate == "not arrived" and request.arrival_s < self.start_s:
                request.fate = "pending" if request.accuracy_requirement <= offered else "rejected"
        modules = self.scenario.node.modules
        for request in self.requests:
            if request.fate == "pending" and not any(
                request.accuracy_requirement <= accuracies[self.classes[request.index]]
                and self._alone(variant, modules, request)
                for variant, accuracies in enumerate(self.accuracies)
            ):
                request.fate = "expired"
                self.reward_terms["expired"] += self.scenario.reward.expired
        waiting = [request for request in self.requests if request.fate == "pending"]
        self.visible = waiting[: self.scenario.epoch.visible_slots]

    def _alone(self, variant: int, modules: int, request: Request) -> bool:
        node = self.nodes[variant][modules - 1]
        limit_s = min(node.window_s, node.slack_s(request, self.start_s))
        held = node.kv_bytes([request]) + node.weight_bytes() + (modules - 1) * read_bytes(self.nodes[variant][0])
        room = modules * self.scenario.node.memory_bytes_per_module
        return node.compute_s([request]) <= limit_s * (1 + TOLERANCE) and held <= room * (1 + TOLERANCE)


def hosting(scenario: Scenario, variant: Any, modules: int) -> Scenario:
    """The scenario of a node that hosts nothing but a variant, on so many modules."""
    overrides = {"decoder": variant.decoder, "precision": variant.precision, "modules": modules, "variants": []}
    overrides["perplexity_increase"] = 0.0 if variant.accuracies is not None else variant.perplexity_increase
    return load_scenario(scenario, **{f"node.{name}": value for name, value in overrides.items()})


def read_bytes(node: Node) -> float:
    """Weights that a module reads from its storage and holds."""
    return node.stored_bytes() if isinstance(node, RooflineNode) else node.weight_bytes()
