"""`ServiceLevel-v0` once more, in plain Python: levels of requests and targets of modules, from the class's docstring.

What modules load, who arrives and what is seen is that of `plain_modules`; a level is a tuple of a variant, whether its
modules still load, and a compression, and a compressed request is another request, with a shorter prompt.
"""

from __future__ import annotations

import math
from dataclasses import replace

from edge_llm_env.inference.catalog import load_device
from tests.references.plain_modules import LoadingModules, read_bytes
from tests.references.plain_node import TOLERANCE, Request

Level = tuple[int, bool, int]


class ServedAtLevels(LoadingModules):
    """One episode in which an action gives requests levels, and modules variants to hold."""

    def compressor_bytes(self) -> float:
        """What the node's compressor holds."""
        on_node = [one.memory_bytes for one in self.scenario.node.compression_levels if one.at == "node"]
        return max(on_node, default=0.0)

    def step_levels(self, levels: list[Level | None], targets: list[int | None]) -> float:
        """Load, serve, and end the epoch; None is not now of a request, and as it is of a module."""
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        for module, target in enumerate(targets):
            if target is not None and self.hosts[module][0] != target:
                self.hosts[module] = (target, self.load_s[target])
        epoch, weights = self.scenario.epoch, self.scenario.reward
        groups = {(variant, ready_s > 0.0): (size, ready_s) for variant, size, ready_s in self.groups()}
        batches: dict[tuple[int, bool], list[tuple[Request, float]]] = {group: [] for group in groups}
        uplink, downlink, delivered = 0.0, 0.0, 0.0
        served: list[Request] = []
        self.not_admitted = sum(level is not None for _, level in zip(self.visible, levels, strict=False))
        for request, level in zip(self.visible, levels, strict=False):
            if level is None or level[:2] not in groups:
                continue
            variant, compression = level[0], level[2]
            accuracy = self.accuracies[variant][self.classes[request.index]]
            short, own_s, sent = request, 0.0, request
            if compression:
                how = self.scenario.node.compression_levels[compression - 1]
                accuracy = accuracy * how.retained if accuracy >= 0 else accuracy
                short = replace(request, prompt_tokens=math.ceil(request.prompt_tokens / how.ratio))
                own_s = how.s_per_token * request.prompt_tokens if how.at == "node" else 0.0
                sent = short if how.at == "user" else request
            shares = self.node.uplink_share(sent), self.node.downlink_share(sent)
            grown = [*batches[level[:2]], (short, own_s)]
            if (
                request.accuracy_requirement <= accuracy
                and uplink + shares[0] <= 1 + TOLERANCE
                and downlink + shares[1] <= 1 + TOLERANCE
                and self._computes(variant, *groups[level[:2]], grown)
            ):
                batches[level[:2]] = grown
                uplink, downlink, delivered = uplink + shares[0], downlink + shares[1], delivered + accuracy
                served.append(request)
                self.not_admitted -= 1
        memory, compute_s, energy_j = 0.0, 0.0, 0.0
        modules, power_w = self.scenario.node.modules, load_device(self.scenario.node.device).power_w
        for (variant, late), batch in batches.items():
            size, node = groups[variant, late][0], self.nodes[variant][groups[variant, late][0] - 1]
            short_ones, own_s = [one for one, _ in batch], sum(own for _, own in batch)
            memory += node.weight_bytes() + self.compressor_bytes() + (node.kv_bytes(short_ones) if batch else 0.0)
            memory += (size - 1) * read_bytes(self.nodes[variant][0])
            if batch:
                compute_s += (node.compute_s(short_ones) + own_s) * size / modules
                energy_j += node.energy_j(short_ones) + own_s * power_w * size
        memory += sum(read_bytes(self.nodes[host][0]) for host, left_s in self.hosts if left_s > epoch.epoch_s)
        counted = delivered if self.scenario.workload.value == "accuracy" else float(len(served))
        self.reward_terms["served"] = weights.served * counted
        for request in served:
            request.fate = "served"
            self.reward_terms["tokens"] += weights.tokens * request.output_tokens
        self.reward_terms["energy"] = weights.energy * energy_j
        self.utilisation = {
            "uplink": uplink,
            "downlink": downlink,
            "memory": memory / self.node.memory_limit_bytes,
            "compute": compute_s / self.node.window_s,
        }
        self.epochs += 1
        self._begin_epoch()
        self._note_arrivals()
        self.hosts = [(variant, max(0.0, left_s - epoch.epoch_s)) for variant, left_s in self.hosts]
        return sum(self.reward_terms.values())

    def _computes(self, variant: int, size: int, ready_s: float, batch: list[tuple[Request, float]]) -> bool:
        """Whether a group's batch, of requests and the compressor's time for each, is done in time and fits."""
        delay_s, node = max(0.0, ready_s - self.scenario.epoch.uplink_s), self.nodes[variant][size - 1]
        short_ones = [one for one, _ in batch]
        limits = [node.window_s - delay_s, *(node.slack_s(one, self.start_s) - delay_s for one in short_ones)]
        held = node.kv_bytes(short_ones) + node.weight_bytes() + self.compressor_bytes()
        held += (size - 1) * read_bytes(self.nodes[variant][0])
        takes_s = node.compute_s(short_ones) + sum(own_s for _, own_s in batch)
        return (
            limits[0] > 0.0
            and held <= size * self.scenario.node.memory_bytes_per_module * (1 + TOLERANCE)
            and all(takes_s <= limit * (1 + TOLERANCE) for limit in limits)
        )
