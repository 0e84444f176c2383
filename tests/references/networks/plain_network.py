"""A network of cells in plain Python: a reference simulator for each server, and GAH over all subsets of its slots."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload
from tests.references.plain_simulator import ReferenceSimulator


class PlainNetwork:
    """One episode of a network without cloud and placement, on a workload."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        assert scenario.network is not None
        assert workload.cell is not None
        self.cells, self.workload = workload.cell.tolist(), workload
        self.weights = [cell.reward for cell in scenario.cells]
        self.nodes = []
        for node, cell in enumerate(scenario.cells):
            there = replace(
                workload,
                latency_requirement_s=workload.latency_requirement_s.copy(),
                uplink_gain=workload.uplink_gain.copy(),
                downlink_gain=workload.downlink_gain.copy(),
            )
            for request, sent_in in enumerate(self.cells):
                if sent_in != node and not self.takes_over(there, node, request):
                    there.latency_requirement_s[request] -= 2.0 * scenario.network.backhaul_s
            self.nodes.append(ReferenceSimulator(cell, there))
        self.expired_before = self.expired()

    def takes_over(self, there: Workload, node: int, request: int) -> bool:
        """Give a request of another cell the channel to a node's own station, if that is no weaker at first."""
        whole = self.workload
        if whole.neighbour is None or whole.neighbour[request] != node:
            return False
        assert whole.neighbour_uplink_gain is not None
        assert whole.neighbour_downlink_gain is not None
        if whole.neighbour_uplink_gain[request, 0] < whole.uplink_gain[request, 0]:
            return False
        there.uplink_gain[request] = whole.neighbour_uplink_gain[request]
        there.downlink_gain[request] = whole.neighbour_downlink_gain[request]
        return True

    def most_in_turn(self, values: list[list[float]], node_of: list[int]) -> None:
        """Check an assignment: each node in turn has a batch that gains as much as any does beyond those before it.

        A request that a later node took was in the batch of an earlier one only if that gained; which one had it does
        not show in the end, so this asks for the gain of what each node kept, at most, and of the last node exactly.
        """
        worth: dict[int, float] = {}
        for at, node in enumerate(self.nodes):
            gains = {
                request.index: values[at][slot] - worth.get(request.index, 0.0)
                for slot, request in enumerate(node.visible)
            }
            wanted = [request for request in node.visible if gains[request.index] > 0.0]
            most = max(
                sum(gains[request.index] for request in batch)
                for size in range(len(wanted) + 1)
                for batch in combinations(wanted, size)
                if not batch or node.node.can_serve(list(batch), node.start_s)
            )
            kept = [request for request in node.visible if node_of[request.index] == at]
            assert not kept or node.node.can_serve(kept, node.start_s)
            gained = sum(gains[request.index] for request in kept)
            assert gained <= most + 1e-12
            if at == len(self.nodes) - 1:
                assert abs(gained - most) < 1e-12
            for slot, request in enumerate(node.visible):
                if request in kept:
                    worth[request.index] = values[at][slot]

    def step(self, node_of: list[int]) -> dict[str, float]:
        """Serve an assignment and begin the next epoch; the reward by term."""
        for at, node in enumerate(self.nodes):
            for request in node.requests:
                if node_of[request.index] not in (-1, at) and request.fate == "pending":
                    request.fate = "elsewhere"
            node.step_batch_selection([int(node_of[request.index] == at) for request in node.visible])
            assert node.not_admitted == 0
        terms = {name: sum(node.reward_terms[name] for node in self.nodes) for name in ("served", "tokens", "energy")}
        now = self.expired()
        terms["expired"] = sum(self.weights[self.cells[request]].expired for request in now - self.expired_before)
        self.expired_before = now
        return terms

    def fates(self) -> list[set[str]]:
        """What has become of each request, over all nodes."""
        of_nodes = zip(*(node.requests for node in self.nodes), strict=True)
        return [{request.fate for request in one} for one in of_nodes]

    def expired(self) -> set[int]:
        """The requests that have expired."""
        return {i for i, fates in enumerate(self.fates()) if fates in ({"expired"}, {"expired", "rejected"})}

    def counters(self) -> dict[str, int]:
        """What a network counts, by name."""
        fates = self.fates()
        return {
            "arrived": sum("not arrived" not in one for one in fates),
            "served": sum("served" in one for one in fates),
            "expired": len(self.expired()),
            "rejected": sum(one == {"rejected"} for one in fates),
            "pending": sum("pending" in one for one in fates),
            "epochs": self.nodes[0].epochs,
        }
