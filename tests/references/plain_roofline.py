"""The edge node of the reference simulator under the roofline cost model, written from `docs/model.md`."""

from __future__ import annotations

from edge_llm_env import Scenario
from edge_llm_env.inference.catalog import load_device, load_efficiency
from tests.references.plain_node import Node, Request


def node_of(scenario: Scenario) -> Node:
    """The node under the scenario's cost model."""
    return RooflineNode(scenario) if scenario.node.cost_model == "roofline" else Node(scenario)


class RooflineNode(Node):
    """The node under the roofline cost model: every step of a batch is gone through, with who is still alive in it."""

    def compute_s(self, batch: list[Request]) -> float:
        """Time of the prefill and of every decode step."""
        return self.steps_s(self.lengths(batch))

    def weight_bytes(self) -> float:
        """Matrices of all layers and experts, scales included, embeddings and head, and the runtime."""
        precision, decoder = self.quantization, self.decoder
        scale_bits = 0 if precision.group_size is None else precision.group_overhead_bits / precision.group_size
        layers = decoder.layers * self._layer(decoder.experts) * (precision.weight_bits + scale_bits) / 8
        tables = (1 if decoder.tied_embeddings else 2) * self._head() * precision.head_bits / 8
        return layers + tables + self.scenario.node.modules * load_efficiency().runtime_bytes

    def kv_bytes(self, batch: list[Request]) -> float:
        """Keys and values of every layer, KV head and token."""
        return self.kv_bytes_of(self.lengths(batch))

    def kv_bytes_of(self, lengths: list[tuple[int, int]]) -> float:
        """The same of padded lengths."""
        return sum(self._token_bytes() * (s + n) for s, n in lengths)

    def energy_j(self, batch: list[Request]) -> float:
        """Static power for the time, and energy per FLOP and byte."""
        return self.steps_j(self.lengths(batch))

    def steps_s(self, lengths: list[tuple[int, int]]) -> float:
        """Time (s) of a batch of padded lengths."""
        e, modules = load_efficiency(), self.scenario.node.modules
        bandwidth = modules * load_device(self.scenario.node.device).memory_bandwidth_bytes_per_s
        peak = self.peak_flops_per_s
        total_s = 0.0
        for step, (flops, moved, alive) in enumerate(self._steps(lengths)):
            total_s += alive * e.sequence_overhead_s
            if step == 0:
                total_s += flops / (e.prefill_compute * peak) + moved / (e.prefill_bandwidth * bandwidth)
                total_s += e.prefill_overhead_s
            else:
                total_s += flops / (e.decode_compute * peak) + moved / (e.decode_bandwidth * bandwidth)
                total_s += e.step_overhead_s
        return total_s

    def steps_j(self, lengths: list[tuple[int, int]]) -> float:
        """Energy (J) of a batch of padded lengths."""
        e, device = load_efficiency(), load_device(self.scenario.node.device)
        dynamic_w = (1 - e.static_power_share) * device.power_w
        energy = e.static_power_share * self.power_w * self.steps_s(lengths)
        for flops, moved, _ in self._steps(lengths):
            energy += dynamic_w * (1 - e.memory_power_share) * flops / device.fp16_flops_per_s
            energy += dynamic_w * e.memory_power_share * moved / device.memory_bandwidth_bytes_per_s
        return energy

    def _steps(self, lengths: list[tuple[int, int]]) -> list[tuple[float, float, int]]:
        """FLOPs, bytes and sequences of the prefill and of each decode step."""
        decoder, precision = self.decoder, self.quantization
        E, k = decoder.experts, decoder.experts_per_token
        scale_bits = 0 if precision.group_size is None else precision.group_overhead_bits / precision.group_size
        byte = (precision.weight_bits + scale_bits) / 8
        head_bytes = self._head() * precision.head_bits / 8
        attention = decoder.layers * decoder.heads * decoder.head_dim
        flops = sum(
            2 * decoder.layers * self._layer(k) * s + 2 * attention * s**2 + 2 * self._head() for s, _ in lengths
        )
        moved = decoder.layers * self._layer(E) * byte + head_bytes + sum(self._token_bytes() * s for s, _ in lengths)
        steps = [(flops, moved, len(lengths))]
        used_by_8 = E * (1 - (1 - k / E) ** 8)
        for step in range(1, max(n for _, n in lengths)):
            alive = [s for s, n in lengths if n > step]
            experts = k + (len(alive) - 1) * (used_by_8 - k) / 7
            flops = sum(
                2 * decoder.layers * self._layer(k) + 4 * attention * (s + step) + 2 * self._head() for s in alive
            )
            moved = decoder.layers * self._layer(experts) * byte + head_bytes
            moved += sum(self._token_bytes() * (s + step) for s in alive)
            steps.append((flops, moved, len(alive)))
        return steps

    def _layer(self, experts: float) -> float:
        d, f, h = self.decoder.d_model, self.decoder.d_ff, self.decoder.head_dim
        return d * h * 2 * (self.decoder.heads + self.decoder.kv_heads) + (2 + self.decoder.gated_ffn) * d * f * experts

    def _head(self) -> int:
        return self.decoder.vocabulary * self.decoder.d_model

    def _token_bytes(self) -> float:
        return 2 * self.decoder.layers * self.decoder.kv_heads * self.decoder.head_dim * self.quantization.kv_bits / 8
