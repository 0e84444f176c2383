"""A network whose nodes hold models, and a cloud, in plain Python: written from `docs/model.md`.

Batches are those of first come, first served, since largest ones are not unique.
"""

from __future__ import annotations

import math
from dataclasses import replace

from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload
from tests.references.plain_modules import LoadingModules
from tests.references.plain_node import Request
from tests.references.plain_simulator import ReferenceSimulator

Batch = list[Request]


class HoldingNode(LoadingModules):
    """A node of several: what its modules hold, and whom they would serve of those that are worth it."""

    def spread(self, node: int) -> None:
        """Hold the variants in turn, from where the node before has ended."""
        modules = len(self.hosts)
        self.hosts = [((node * modules + module) % len(self.nodes), 0.0) for module in range(modules)]

    def place(self, wishes: list[float]) -> None:
        """Load what is wished for more than what is held."""
        for _ in self.hosts:
            new = [model for model in range(len(wishes)) if model not in [held for held, _ in self.hosts]]
            wanted = max(new, key=lambda model: wishes[model], default=None)
            least = min(range(len(self.hosts)), key=lambda module: wishes[self.hosts[module][0]])
            if wanted is None or wishes[wanted] <= max(0.5, wishes[self.hosts[least][0]]):
                return
            self.hosts[least] = (wanted, self.load_s[wanted])

    def choose(self, gains: dict[int, float]) -> list[Batch]:
        """A batch for each of `groups`, of requests whose gain, by their number, is positive."""
        chosen: list[Batch] = []
        for variant, size, ready_s in self.groups():
            taken: Batch = [request for of_group in chosen for request in of_group]
            batch: Batch = []
            for request in self.visible:
                accurate = request.accuracy_requirement <= self.accuracies[variant][self.classes[request.index]]
                delay_s = max(0.0, ready_s - self.scenario.epoch.uplink_s)
                fits = self._fits(variant, size, delay_s, [*batch, request], taken)
                if request not in taken and gains[request.index] > 0.0 and accurate and fits:
                    batch = [*batch, request]
            chosen.append(batch)
        return chosen

    def serve(self, batches: list[Batch]) -> None:
        """Serve them, and begin the next epoch."""
        weights = self.scenario.reward
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        for (variant, size, _), batch in zip(self.groups(), batches, strict=True):
            if batch:
                self.reward_terms["energy"] += weights.energy * self.nodes[variant][size - 1].energy_j(batch)
            for request in batch:
                request.fate = "served"
                self.reward_terms["served"] += weights.served
                self.reward_terms["tokens"] += weights.tokens * request.output_tokens
        self.epochs += 1
        self._begin_epoch()
        self.hosts = [(model, max(0.0, left_s - self.scenario.epoch.epoch_s)) for model, left_s in self.hosts]


class PlainCloud(ReferenceSimulator):
    """The cloud: whoever has time left, and a share of its band, is served."""

    def _begin_epoch(self) -> None:
        assert self.scenario.network is not None
        assert self.scenario.network.cloud is not None
        for request in self.requests:
            if request.fate == "pending":
                request.epochs_pending += 1
            elif request.fate == "not arrived" and request.arrival_s < self.start_s:
                accurate = request.accuracy_requirement <= self.scenario.network.cloud.accuracy
                request.fate = "pending" if accurate else "rejected"
            if request.fate == "pending" and self.node.slack_s(request, self.start_s) < 0.0:
                request.fate = "expired"
        waiting = [request for request in self.requests if request.fate == "pending"]
        self.visible = waiting[: self.scenario.epoch.visible_slots]

    def choose(self, gains: dict[int, float]) -> list[Batch]:
        """Its one batch."""
        batch: Batch = []
        for request in self.visible:
            if gains[request.index] > 0.0 and self.node.can_transmit([*batch, request]):
                batch = [*batch, request]
        return [batch]

    def serve(self, batches: list[Batch]) -> None:
        """Serve them, and begin the next epoch."""
        assert self.scenario.network is not None
        assert self.scenario.network.cloud is not None
        weights, price = self.scenario.reward, self.scenario.network.cloud.price_per_token
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        for request in batches[0]:
            request.fate = "served"
            self.reward_terms["served"] += weights.served
            self.reward_terms["tokens"] += weights.tokens * request.output_tokens
            self.reward_terms["tokens"] -= price * (request.prompt_tokens + request.output_tokens)
        self.epochs += 1
        self._begin_epoch()


class PlainPlacement:
    """One episode of a network with placement and a cloud, on a workload."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        network, bits = scenario.network, workload.prompt_tokens + workload.output_tokens
        assert network is not None
        assert network.cloud is not None
        assert network.backhaul_bits_per_s is not None
        assert workload.cell is not None
        self.scenario, self.cells = scenario, workload.cell.tolist()
        way_s = 32.0 * bits / network.backhaul_bits_per_s
        self.servers: list[HoldingNode | PlainCloud] = []
        for node, cell in enumerate(scenario.cells):
            left_s = workload.latency_requirement_s.copy()
            for request, sent_in in enumerate(self.cells):
                left_s[request] -= 0.0 if sent_in == node else 2 * network.backhaul_s + way_s[request]
            holding = HoldingNode(cell, replace(workload, latency_requirement_s=left_s))
            holding.spread(node)
            self.servers.append(holding)
        cloud = network.cloud
        work_s = cloud.time_to_first_token_s + (workload.output_tokens - 1) * cloud.time_per_output_token_s
        left_s = workload.latency_requirement_s - 2 * cloud.backhaul_s - way_s - work_s
        self.servers.append(PlainCloud(scenario, replace(workload, latency_requirement_s=left_s)))
        self.classes = workload.request_class.tolist()
        self.lost: set[int] = self._expired()
        self.history: list[list[int]] = [self._arrived()]
        kinds = len(scenario.cells) * len(scenario.cells[0].workload.class_names)
        self.recent, self.hot_since_s = [0.0] * kinds, [math.inf] * kinds
        self._note_arrivals([])

    def step(self, values: list[list[float]], wishes: list[list[float]]) -> dict[str, float]:
        """Move models, assign, serve, begin the next epoch; the reward by term."""
        worth: dict[int, float] = {}
        chosen: list[list[Batch]] = []
        server_of: dict[int, int] = {}
        for at, server in enumerate(self.servers):
            if isinstance(server, HoldingNode):
                server.place(wishes[at])
            gains = {
                request.index: values[at][slot] - worth.get(request.index, 0.0)
                for slot, request in enumerate(server.visible)
            }
            chosen.append(server.choose(gains))
            for slot, request in enumerate(server.visible):
                if any(request in batch for batch in chosen[-1]):
                    server_of[request.index], worth[request.index] = at, values[at][slot]
        for at, server in enumerate(self.servers):
            for request in server.requests:
                if server_of.get(request.index, at) != at and request.fate == "pending":
                    request.fate = "elsewhere"
            server.serve([[one for one in batch if server_of[one.index] == at] for batch in chosen[at]])
        names = ("served", "tokens", "energy")
        terms = {name: sum(server.reward_terms[name] for server in self.servers) for name in names}
        before, self.lost = self.lost, self._expired()
        terms["expired"] = sum(self.scenario.cells[self.cells[one]].reward.expired for one in self.lost - before)
        self.history.append(self._arrived())
        self._note_arrivals(self.history[-2])
        return terms

    def _fates(self) -> list[set[str]]:
        return [{server.requests[one].fate for server in self.servers} for one in range(len(self.cells))]

    def _expired(self) -> set[int]:
        return {one for one, fates in enumerate(self._fates()) if fates in ({"expired"}, {"expired", "rejected"})}

    def _arrived(self) -> list[int]:
        return [one for one, fates in enumerate(self._fates()) if "not arrived" not in fates]

    def counters(self) -> dict[str, int]:
        """What a network counts, by name."""
        fates = self._fates()
        shown = {request.index for server in self.servers for request in server.visible}
        return {
            "arrived": len(self.history[-1]),
            "served": sum("served" in one for one in fates),
            "expired": len(self.lost),
            "rejected": sum(one == {"rejected"} for one in fates),
            "pending": sum("pending" in one for one in fates),
            "beyond_visible": sum("pending" in one and at not in shown for at, one in enumerate(fates)),
            "epochs": self.servers[0].epochs,
        }

    def holdings(self) -> list[list[tuple[int, float]]]:
        """What the modules of each node hold, and how long they still load (s)."""
        return [server.hosts for server in self.servers if isinstance(server, HoldingNode)]

    def arrivals(self, epochs: int) -> list[list[int]]:
        """How many arrived in each of so many epochs before now, the last first, of each class of each cell in turn."""
        counts = []
        for back in range(epochs):
            now = self.history[-1 - back] if back < len(self.history) else []
            before = self.history[-2 - back] if back + 1 < len(self.history) else []
            counts.append(self._counted(set(now) - set(before)))
        return counts

    def _counted(self, requests: set[int]) -> list[int]:
        classes = len(self.scenario.cells[0].workload.class_names)
        kinds = [self.cells[one] * classes + self.classes[one] for one in requests]
        return [kinds.count(kind) for kind in range(len(self.scenario.cells) * classes)]

    def _note_arrivals(self, before: list[int]) -> None:
        was_hot = self._hot()
        new = self._counted(set(self.history[-1]) - set(before))
        self.recent = [recent / 2 + count for recent, count in zip(self.recent, new, strict=True)]
        for kind, (had, has) in enumerate(zip(was_hot, self._hot(), strict=True)):
            since_s = self.hot_since_s[kind] + self.scenario.epoch.epoch_s
            self.hot_since_s[kind] = 0.0 if has and not had else since_s

    def _hot(self) -> list[bool]:
        classes = len(self.scenario.cells[0].workload.class_names)
        hot = []
        for kind, recent in enumerate(self.recent):
            first = kind // classes * classes
            total = sum(self.recent[first : first + classes])
            hot.append(total > 0 and recent * classes >= 1.5 * total)
        return hot
