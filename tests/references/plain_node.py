"""The edge node of the reference simulator: what a batch needs, under the paper's cost model, and whether it fits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edge_llm_env import Scenario
from edge_llm_env.inference.catalog import load_decoder, load_device, load_quantization
from edge_llm_env.radio.rate_models.cqi_tables import CQI_TABLES
from edge_llm_env.radio.resource_blocks import BLOCKS

TOLERANCE = 1e-9
"""An amount that exceeds a capacity by this fraction still fits."""


@dataclass(eq=False)
class Request:
    """One request of the workload, and what has become of it."""

    index: int
    arrival_s: float
    prompt_tokens: int
    output_tokens: int
    latency_requirement_s: float
    accuracy_requirement: float
    uplink_gains: list[float]
    downlink_gains: list[float]
    has_image: bool = False
    fate: str = "not arrived"
    epochs_pending: int = 0
    """Epoch starts before the present one at which it was pending."""
    truth: Request | None = None
    """The request as it is, where this is what the node believes of it."""


@dataclass(eq=False)
class Node:
    """The edge node and its cell: what a batch of requests needs and whether it can be served."""

    scenario: Scenario
    peak_flops_per_s: float = field(init=False)
    power_w: float = field(init=False)

    def __post_init__(self) -> None:
        node = self.scenario.node
        device = load_device(node.device)
        self.decoder = load_decoder(node.decoder)
        self.quantization = load_quantization(node.decoder, node.precision, node.perplexity_increase)
        self.peak_flops_per_s = node.modules * device.fp16_flops_per_s
        self.power_w = node.modules * device.power_w
        epoch = self.scenario.epoch
        self.flexible = epoch.split == "flexible"
        self.reserved_s = 0.0 if self.flexible else epoch.uplink_s + epoch.downlink_s
        self.window_s = epoch.epoch_s - self.reserved_s
        self.uplink_s = epoch.epoch_s if self.flexible else epoch.uplink_s
        self.downlink_s = epoch.epoch_s if self.flexible else epoch.downlink_s
        self.memory_limit_bytes = node.modules * node.memory_bytes_per_module

    def lengths(self, batch: list[Request]) -> list[tuple[int, int]]:
        """Prompt and output length of each request as they are computed."""
        return self.padded([(self.prompt_tokens(request), request.output_tokens) for request in batch])

    def prompt_tokens(self, request: Request) -> int:
        """Tokens of the text, at the fixed length if there is one, and of the image before it."""
        text = max(request.prompt_tokens, self.scenario.node.fixed_prompt_tokens or 0)
        return text + (self.scenario.node.images.tokens if request.has_image else 0)

    @property
    def longest_prompt_tokens(self) -> int:
        """Of any request that can be drawn."""
        images = self.scenario.node.images
        return max(self.scenario.workload.prompt_tokens) + (0 if images is None else images.tokens)

    def padded(self, lengths: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Prompt and output lengths of a batch, padded as the node computes them."""
        node = self.scenario.node
        prompts, outputs = [s for s, _ in lengths], [n for _, n in lengths]
        if node.prompt_padding == "batch_max":
            prompts = [max(prompts)] * len(lengths)
        elif node.prompt_padding == "fixed":
            prompts = [max(s, node.fixed_prompt_tokens) for s in prompts]
        if node.output_length == "batch_max":
            outputs = [max(outputs)] * len(lengths)
        return list(zip(prompts, outputs, strict=True))

    def compute_s(self, batch: list[Request]) -> float:
        """t_comp = β·FLOPs/C."""
        L, d, f = self.decoder.layers, self.decoder.d_model, self.decoder.d_ff
        flops = 0.0
        for s, n in self.lengths(batch):
            flops += L * (8 * s * d**2 + 4 * s * d * f + 4 * s**2 * d)
            flops += (n - 1) * L * (8 * d**2 + 4 * d * f + 4 * (s + n / 2) * d)
        return self.quantization.compute_factor * flops / self.peak_flops_per_s

    def weight_bytes(self) -> float:
        """α·2L·(4d² + 2df)."""
        L, d, f = self.decoder.layers, self.decoder.d_model, self.decoder.d_ff
        return self.quantization.memory_factor * 2 * L * (4 * d**2 + 2 * d * f)

    def kv_bytes(self, batch: list[Request]) -> float:
        """4Ld·Σ(s + n)."""
        return sum(4 * self.decoder.layers * self.decoder.d_model * (s + n) for s, n in self.lengths(batch))

    def memory_bytes(self, batch: list[Request]) -> float:
        """Weights and KV cache."""
        return self.weight_bytes() + self.kv_bytes(batch)

    def energy_j(self, batch: list[Request]) -> float:
        """All modules at their highest power for as long as the node computes."""
        return self.power_w * self.compute_s(batch)

    def uplink_share(self, request: Request) -> float:
        """ρ^U = s·b_U / (T_U·R^U), with the channel of the present epoch; of T_E where the split is flexible."""
        radio = self.scenario.radio
        image_bits = 8 * self.scenario.node.images.upload_bytes if request.has_image else 0
        return self._share(
            request.prompt_tokens * radio.uplink_bits_per_token / (1 - radio.uplink_token_error_rate) + image_bits,
            self.uplink_s,
            radio.uplink_bandwidth_hz,
            radio.device_power_dbm,
            request.uplink_gains[min(request.epochs_pending, len(request.uplink_gains) - 1)],
            0.0 if radio.resource_blocks is None else radio.resource_blocks.uplink_overhead,
        )

    def downlink_share(self, request: Request) -> float:
        """ρ^D = n·b_D / (T_D·R^D), with the channel of the present epoch."""
        radio = self.scenario.radio
        return self._share(
            request.output_tokens * radio.downlink_bits_per_token,
            self.downlink_s,
            radio.downlink_bandwidth_hz,
            radio.node_power_dbm,
            request.downlink_gains[min(request.epochs_pending, len(request.downlink_gains) - 1)],
            0.0 if radio.resource_blocks is None else radio.resource_blocks.downlink_overhead,
        )

    def _share(
        self, bits: float, duration_s: float, bandwidth_hz: float, power_dbm: float, gain: float, overhead: float
    ) -> float:
        power_w = 10 ** (power_dbm / 10) / 1000
        settings = self.scenario.radio.resource_blocks
        blocks = 0 if settings is None else BLOCKS[settings.subcarrier_spacing_khz][round(bandwidth_hz / 1e6)]
        used_hz = bandwidth_hz if settings is None else blocks * 12 * settings.subcarrier_spacing_khz * 1000
        noise_w = 10 ** (self.scenario.radio.noise_dbm_per_hz / 10) / 1000 * used_hz
        bits_per_s_per_hz = self._efficiency(power_w * gain / noise_w)
        cap = self.scenario.radio.max_spectral_efficiency_bits_per_s_per_hz
        if cap is not None:
            bits_per_s_per_hz = min(bits_per_s_per_hz, cap)
        if settings is not None:
            slots = round(duration_s * 1000 * settings.subcarrier_spacing_khz / 15)
            if bits_per_s_per_hz == 0:
                return math.inf
            bits_in_a_slot = 12 * 14 * (1 - overhead) * bits_per_s_per_hz
            if settings.granted_for == "part":
                return math.ceil(bits / (slots * bits_in_a_slot) / (1 + TOLERANCE)) / blocks
            return math.ceil(bits / bits_in_a_slot / (1 + TOLERANCE)) / (blocks * slots)
        rate_bits_per_s = bandwidth_hz * bits_per_s_per_hz
        return bits / (duration_s * rate_bits_per_s) if rate_bits_per_s > 0 else math.inf

    def _efficiency(self, snr: float) -> float:
        """Bits per symbol: Shannon's, or those of the best entry of a CQI table that is decoded."""
        model = self.scenario.radio.rate_model
        if model.kind == "shannon":
            return math.log2(1 + snr)
        snr_db = 10 * math.log10(snr) if snr > 0 else -math.inf
        decoded = [e for e in CQI_TABLES[model.table] if snr_db >= e.snr_db + model.implementation_loss_db]
        return max((entry.bits * entry.code_rate_x_1024 / 1024 for entry in decoded), default=0.0)

    def slack_s(self, request: Request, start_s: float) -> float:
        """arrival + τ − t − T_U − T_D; without the last two where the split is flexible."""
        return request.arrival_s + request.latency_requirement_s - start_s - self.reserved_s

    def can_compute(self, batch: list[Request], start_s: float) -> bool:
        """Constraints 3 and 4: memory, and compute time within the window and every slack."""
        limits = [self.window_s, *(self.slack_s(request, start_s) for request in batch)]
        return _fits(self.memory_bytes(batch), self.memory_limit_bytes) and all(
            _fits(self.compute_s(batch), limit) for limit in limits
        )

    def can_transmit(self, batch: list[Request]) -> bool:
        """Constraints 1 and 2: uplink and downlink."""
        return _fits(sum(map(self.uplink_share, batch)), 1.0) and _fits(sum(map(self.downlink_share, batch)), 1.0)

    def can_serve(self, batch: list[Request], start_s: float) -> bool:
        """Constraints 1 to 4; accuracy, constraint 5, is a matter of arriving."""
        return self.can_transmit(batch) and self.can_compute(batch, start_s) and self.can_be_in_time(batch, start_s)

    def parts_s(self, batch: list[Request]) -> float:
        """T_U + T_D of a flexible split, each as short as the batch can have it; 0 where it is fixed."""
        if not self.flexible:
            return 0.0
        uplink_s = sum(self.uplink_share(request) for request in batch) * self.scenario.epoch.epoch_s
        return uplink_s + sum(self.downlink_share(request) for request in batch) * self.scenario.epoch.epoch_s

    def can_be_in_time(self, batch: list[Request], start_s: float) -> bool:
        """Uplink, compute and downlink one after another, within the epoch and every deadline."""
        limits = [self.window_s, *(self.slack_s(request, start_s) for request in batch)]
        return all(_fits(self.parts_s(batch) + self.compute_s(batch), limit) for limit in limits)


def _fits(amount: float, capacity: float) -> bool:
    return amount <= capacity * (1 + TOLERANCE)
