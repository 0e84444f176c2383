"""The edge node of the reference simulator under the roofline cost model, written from `docs/model.md`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod

from edge_llm_env import Scenario
from edge_llm_env.inference.catalog import load_device, load_engine, load_power_shares
from edge_llm_env.inference.factors.fitted import fitted_effects
from tests.references.plain_node import Node, Request


def node_of(scenario: Scenario) -> Node:
    """The node under the scenario's cost model."""
    return RooflineNode(scenario) if scenario.node.cost_model == "roofline" else Node(scenario)


@dataclass
class Pass:
    """What one pass through the layers does."""

    seconds: float
    flops: float
    moved: float
    """Bytes."""


@dataclass(eq=False)
class RooflineNode(Node):
    """The node under the roofline cost model: every pass of a batch is gone through, with who is still alive in it.

    Of decoders without windows, latents, shared experts and dense layers beside experts, and without measurements.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        node = self.scenario.node
        self.device, self.engine = load_device(node.device), load_engine(node.engine)
        self.bandwidth = node.modules * self.device.memory_bandwidth_bytes_per_s
        self.flops_per_s = node.modules * self._peak()
        self.attention_flops_per_s = node.modules * self._attention_peak()
        sharing = self.decoder.heads // self.decoder.kv_heads
        self.cache_passes = (3 + 2 * sharing * (sharing > 1)) if self.engine.copies_cache else 1
        for of_the_node_alone in ("_time", "_held", "weight_bytes", "largest_batch"):  # asked again in every pass
            setattr(self, of_the_node_alone, cache(getattr(self, of_the_node_alone)))

    def compute_s(self, batch: list[Request]) -> float:
        """Time of the prefill and of every decode pass, and of the encoder for each image."""
        encoder_s = self._time("prefill_compute", "prefill", "compute") * self.encoder_flops() / self.flops_per_s
        return self.passes_s(self.lengths(batch)) + sum(encoder_s for request in batch if request.has_image)

    def encoder_flops(self) -> float:
        """Two for each weight and patch of an image."""
        images = self.scenario.node.images
        return 0.0 if images is None else 2 * images.encoder_weights * images.encoder_patches

    def weight_bytes(self) -> float:
        """What is held whatever the batch: weights, the runtime, and the activations of a chunk of prompts."""
        held = self._held("held_weights") * self.stored_bytes()
        held += self._held("held_runtime") * 1e9 * self.scenario.node.modules
        held += 0.0 if self.scenario.node.images is None else 2 * self.scenario.node.images.encoder_weights
        if self.engine.prefill_chunk_tokens is not None:
            held += self._held("held_activations") * self._activation_bytes() * self.engine.prefill_chunk_tokens
        return held

    def kv_bytes(self, batch: list[Request]) -> float:
        """What the batch holds: keys and values of every token, and activations of whole prompts."""
        return self.kv_bytes_of(self.lengths(batch))

    def kv_bytes_of(self, lengths: list[tuple[int, int]]) -> float:
        """The same of padded lengths."""
        copies = 2 if self.engine.copies_cache else 1
        held = sum(self._held("held_cache") * copies * self._token_bytes() * (s + n) for s, n in lengths)
        held += sum(self._score_bytes(s) for s, _ in lengths)
        if self.engine.prefill_chunk_tokens is None:
            held += sum(self._held("held_activations") * self._activation_bytes() * s for s, _ in lengths)
        return held

    def energy_j(self, batch: list[Request]) -> float:
        """Static power for the time, and energy per FLOP and byte."""
        shares, images = load_power_shares(), sum(request.has_image for request in batch)
        encoder_s = self.compute_s(batch) - self.passes_s(self.lengths(batch))
        per_flop_j = (1 - shares.static) * self.device.power_w * (1 - shares.memory) / self.device.fp16_flops_per_s
        encoder_j = shares.static * self.power_w * encoder_s + images * self.encoder_flops() * per_flop_j
        return self.passes_j(self.lengths(batch)) + encoder_j

    def passes_s(self, lengths: list[tuple[int, int]]) -> float:
        """Time (s) of a batch of padded lengths."""
        return sum(one.seconds for one in self._passes(lengths))

    def passes_j(self, lengths: list[tuple[int, int]]) -> float:
        """Energy (J) of a batch of padded lengths."""
        shares, device = load_power_shares(), self.device
        dynamic_w = (1 - shares.static) * device.power_w
        energy = 0.0
        for one in self._passes(lengths):
            energy += shares.static * self.power_w * one.seconds
            energy += dynamic_w * (1 - shares.memory) * one.flops / device.fp16_flops_per_s
            energy += dynamic_w * shares.memory * one.moved / device.memory_bandwidth_bytes_per_s
        return energy

    def _passes(self, lengths: list[tuple[int, int]]) -> list[Pass]:
        steps = range(1, max(n for _, n in lengths))
        alive = [[s + step for s, n in lengths if n > step] for step in steps]
        return [self._prefill([s for s, _ in lengths]), *map(self._decode, alive)]

    def _prefill(self, prompts: list[int]) -> Pass:
        L, H, h, k = self.decoder.layers, self.decoder.heads, self.decoder.head_dim, self.decoder.experts_per_token
        per_token = 2 * L * self._layer(k)
        attention = [2 * L * H * h * s**2 for s in prompts]
        linear = [per_token * s + 2 * self._head() for s in prompts]
        cache = self.cache_passes * sum(self._token_bytes() * s for s in prompts)
        weights = self._read_bytes(self.decoder.experts)
        seconds = self._time("prefill_weights", "prefill", "bandwidth") * weights / self.bandwidth
        seconds += self._time("kv_cache", "decode", "bandwidth") * cache / self.bandwidth
        seconds += self._time("prefill_attention", "prefill", "compute") * sum(attention) / self.attention_flops_per_s
        if self.engine.score_bytes:
            moved = sum(2 * L * H * self.engine.score_bytes * s**2 for s in prompts)
            seconds += self._time("prefill_scores", "prefill", "bandwidth") * moved / self.bandwidth
        seconds += self._time("prefill_launches", "prefill", "host") * L * self._launches()
        seconds += self._time("sequences", "decode", "host") * len(prompts)
        if self.engine.gemv_prefill and self.quantization.weight_bits < 16:
            again = sum(prompts) * self._read_bytes(k)
            seconds += self._time("prefill_gemv", "prefill", "bandwidth") * again / self.bandwidth
        else:
            seconds += self._time("prefill_fill", "prefill", "compute") * per_token / self.flops_per_s
            seconds += self._time("prefill_compute", "prefill", "compute") * sum(linear) / self.flops_per_s
        return Pass(seconds, sum(linear) + sum(attention), weights + cache)

    def _decode(self, contexts: list[int]) -> Pass:
        L, H, h, k = self.decoder.layers, self.decoder.heads, self.decoder.head_dim, self.decoder.experts_per_token
        alive = len(contexts)
        linear = 2 * L * self._layer(k) + 2 * self._head()
        attention = sum(4 * L * H * h * context for context in contexts)
        cache = self.cache_passes * sum(self._token_bytes() * context for context in contexts)
        read_s = self._time("weights", "decode", "bandwidth") / self.bandwidth
        multiplying = self._time("compute", "decode", "compute")
        products_s = multiplying / self.flops_per_s
        weights = self._read_bytes(self._experts(alive))
        seconds = read_s * weights + products_s * alive * linear + multiplying * attention / self.attention_flops_per_s
        seconds += self._time("kv_cache", "decode", "bandwidth") * cache / self.bandwidth
        seconds += self._time("launches", "decode", "host") * L * self._launches()
        seconds += self._time("sequences", "decode", "host") * alive
        # What a lone sequence hides: the shorter of reading and products, of which no more than is read whatever the
        # batch is saved once, and the rest for each sequence.
        hidden_s = _hidden_s(read_s * self._read_bytes(k), products_s * linear)
        once_s = min(hidden_s, read_s * self._read_bytes(self._experts(0)))
        seconds -= once_s + alive * (hidden_s - once_s)
        return Pass(seconds, alive * linear + attention, weights + cache)

    def _experts(self, alive: int) -> float:
        """On the straight line through the experts that one token uses and those that the largest batch uses."""
        E, k = self.decoder.experts, self.decoder.experts_per_token
        last = max(2, self.largest_batch())
        return k + (alive - 1) * (E * (1 - (1 - k / E) ** last) - k) / (last - 1)

    def largest_batch(self) -> int:
        """As many of the shortest requests as memory holds, or the agent sees."""
        shortest = self.scenario.node.fixed_prompt_tokens or self.scenario.workload.shortest_prompt_tokens
        held = (self.memory_limit_bytes - self.weight_bytes()) // self.kv_bytes_of([(shortest, 1)])
        return max(1, min(self.scenario.epoch.visible_slots, int(held)))

    def _launches(self) -> float:
        """Per layer, more of them where its seven products have quantized weights."""
        quantized = self.quantization.weight_bits < 16
        return self.engine.operations_per_layer + 7 * quantized * self.engine.operations_per_quantized_product

    def _time(self, term: str, phase: str, resource: str) -> float:
        device, engine, precision = self.device, self.engine, self.quantization
        names = [
            term,
            f"{term}/kind/{device.kind}",
            f"{term}/engine_kind/{engine.kind}",
            f"{term}/engine/{engine.name}",
            f"{resource}/board/{device.board or device.name}",
            f"{phase}/machine/{device.name}/{engine.name}",
            f"{phase}/format/{device.name}/{engine.name}/{precision.name}",
        ]
        if term in ("weights", "compute", "prefill_compute"):
            names += [f"{term}/bits/{precision.weight_bits}", f"{term}/kernel/{engine.name}/{precision.name}"]
            if self.decoder.experts > 1:
                names += [f"{term}/mixture/all", f"{term}/mixture/{engine.name}"]
        return prod(fitted_effects().get(name, 1.0) for name in names)

    def _held(self, term: str) -> float:
        if term == "held_cache" and self.engine.paged_cache:
            return 1.0
        names = (term, f"{term}/engine_kind/{self.engine.kind}", f"{term}/engine/{self.engine.name}")
        return prod(fitted_effects().get(name, 1.0) for name in names)

    def _peak(self) -> float:
        device, engine, precision = self.device, self.engine, self.quantization
        fp16, int8 = device.fp16_flops_per_s, device.int8_ops_per_s
        if precision.activation_bits == 8:
            return int8 or 2 * fp16
        if engine.int8_products and precision.weight_bits <= 8 and int8 is not None:
            return max(int8 / 2, fp16)
        return self._attention_peak()

    def _attention_peak(self) -> float:
        faster = self.engine.fp16_accumulation and self.device.fp16_accumulation_flops_per_s
        return faster or self.device.fp16_flops_per_s

    def _layer(self, experts: float) -> float:
        d, f, h = self.decoder.d_model, self.decoder.d_ff, self.decoder.head_dim
        return d * h * 2 * (self.decoder.heads + self.decoder.kv_heads) + (2 + self.decoder.gated_ffn) * d * f * experts

    def _head(self) -> int:
        return self.decoder.vocabulary * self.decoder.d_model

    def _layer_bytes(self, experts: float) -> float:
        precision = self.quantization
        scale_bits = 0 if precision.group_size is None else precision.group_overhead_bits / precision.group_size
        return self.decoder.layers * self._layer(experts) * (precision.weight_bits + scale_bits) / 8

    def _read_bytes(self, experts: float) -> float:
        """Matrices of all layers, scales included, and the head."""
        return self._layer_bytes(experts) + self._head() * self.quantization.head_bits / 8

    def stored_bytes(self) -> float:
        """Those of all experts, the embeddings, learned positions, and the head where it is another matrix."""
        tables = (1 if self.decoder.tied_embeddings else 2) * self._head()
        tables += self.decoder.positions * self.decoder.d_model
        return self._layer_bytes(self.decoder.experts) + tables * self.quantization.head_bits / 8

    def _token_bytes(self) -> float:
        return 2 * self.decoder.layers * self.decoder.kv_heads * self.decoder.head_dim * self.quantization.kv_bits / 8

    def _activation_bytes(self) -> float:
        return 4 * self.decoder.d_ff * self.decoder.experts_per_token + 8 * self.decoder.d_model

    def _score_bytes(self, prompt: int) -> float:
        """Attention scores of a prompt, where an engine writes them out."""
        if not self.engine.score_bytes:
            return 0.0
        return self._held("held_scores") * self.engine.score_bytes * self.decoder.heads * prompt**2


def _hidden_s(reading_s: float, products_s: float) -> float:
    """Of the shorter of both, nearly all is done meanwhile: 1/(1/a⁴ + 1/b⁴)^(1/4)."""
    return 1 / (reading_s**-4 + products_s**-4) ** 0.25
