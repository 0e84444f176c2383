"""The environments once more, in plain Python: written from design §1, §2 and §6, sharing no code with the kernels.

One request is one object, one batch is a list of them, and every quantity of a batch is worked out from scratch
whenever it is needed. Slow, and simple enough to be checked by eye. The only things that it takes from the suite are
the scenario's settings, the catalogue's values and the tape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edge_llm_env import Scenario, Workload
from edge_llm_env.inference.catalog import load_decoder, load_device, load_quantization

TOLERANCE = 1e-9
"""An amount that exceeds a capacity by this fraction still fits."""


@dataclass(eq=False)
class Request:
    """One request of the tape, and what has become of it."""

    index: int
    arrival_s: float
    prompt_tokens: int
    output_tokens: int
    latency_requirement_s: float
    accuracy_requirement: float
    uplink_gains: list[float]
    downlink_gains: list[float]
    fate: str = "not arrived"
    epochs_pending: int = 0
    """Epoch starts before the present one at which it was pending."""


@dataclass(eq=False)
class Node:
    """The edge node and its cell: what a batch of requests needs and whether it can be served (design §1 and §2)."""

    scenario: Scenario
    peak_flops_per_s: float = field(init=False)
    power_w: float = field(init=False)

    def __post_init__(self) -> None:
        node = self.scenario.node
        device = load_device(node.device)
        self.decoder = load_decoder(node.decoder)
        self.quantization = load_quantization(node.decoder, node.precision)
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
        node = self.scenario.node
        prompts, outputs = [r.prompt_tokens for r in batch], [r.output_tokens for r in batch]
        if node.prompt_padding == "batch_max":
            prompts = [max(prompts)] * len(batch)
        elif node.prompt_padding == "fixed":
            prompts = [max(s, node.fixed_prompt_tokens) for s in prompts]
        if node.output_length == "batch_max":
            outputs = [max(outputs)] * len(batch)
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
        return self._share(
            request.prompt_tokens * radio.uplink_bits_per_token,
            self.uplink_s,
            radio.uplink_bandwidth_hz,
            radio.device_power_dbm,
            request.uplink_gains[min(request.epochs_pending, len(request.uplink_gains) - 1)],
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
        )

    def _share(self, bits: float, duration_s: float, bandwidth_hz: float, power_dbm: float, gain: float) -> float:
        power_w = 10 ** (power_dbm / 10) / 1000
        noise_w = 10 ** (self.scenario.radio.noise_dbm_per_hz / 10) / 1000 * bandwidth_hz
        bits_per_s_per_hz = math.log2(1 + power_w * gain / noise_w)
        cap = self.scenario.radio.max_spectral_efficiency_bits_per_s_per_hz
        if cap is not None:
            bits_per_s_per_hz = min(bits_per_s_per_hz, cap)
        rate_bits_per_s = bandwidth_hz * bits_per_s_per_hz
        return bits / (duration_s * rate_bits_per_s) if rate_bits_per_s > 0 else math.inf

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


class ReferenceSimulator:
    """One episode of a scenario on a tape, up to its first decision."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self.scenario = scenario
        self.node = Node(scenario)
        self.requests = [
            Request(
                index,
                float(workload.arrival_s[index]),
                int(workload.prompt_tokens[index]),
                int(workload.output_tokens[index]),
                float(workload.latency_requirement_s[index]),
                float(workload.accuracy_requirement[index]),
                workload.uplink_gain[index].tolist(),
                workload.downlink_gain[index].tolist(),
            )
            for index in range(workload.requests)
        ]
        self.epochs = 0
        self.invalid_actions = 0
        self.not_admitted = 0
        self.batch: list[Request] = []
        self.utilisation = {"uplink": 0.0, "downlink": 0.0, "memory": 0.0, "compute": 0.0}
        self.reward_terms = dict.fromkeys(("served", "tokens", "energy", "expired"), 0.0)
        self._begin_epoch()
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)

    # --- what an agent can do

    def step_batching(self, action: int) -> float:
        """`Batching-v0`: admit the request in that slot; dispatch if there is none, or it does not fit."""
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        if action < self.scenario.epoch.visible_slots and self.admissible(action):
            self._admit(action)
            self.utilisation = self._use_of(self.batch)
        else:
            self.invalid_actions += action < self.scenario.epoch.visible_slots
            self._dispatch()
        return sum(self.reward_terms.values())

    def step_batch_selection(self, chosen: list[int]) -> float:
        """`BatchSelection-v0`: admit the chosen slots in order, each if it still fits, and dispatch."""
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        self.not_admitted = 0
        for slot in range(len(self.visible)):
            if chosen[slot]:
                if self.admissible(slot):
                    self._admit(slot)
                else:
                    self.not_admitted += 1
        self._dispatch()
        return sum(self.reward_terms.values())

    # --- what an agent can see

    @property
    def start_s(self) -> float:
        """Start of the present epoch; the first starts at T_E."""
        return (self.epochs + 1) * self.scenario.epoch.epoch_s

    @property
    def truncated(self) -> bool:
        """Whether the episode is over."""
        return self.epochs >= self.scenario.epoch.episode_epochs

    def admissible(self, slot: int) -> bool:
        """Whether a slot holds a pending request that can be served together with the batch."""
        if slot >= len(self.visible) or self.visible[slot].fate != "pending":
            return False
        return self.node.can_serve([*self.batch, self.visible[slot]], self.start_s)

    def mask(self) -> list[bool]:
        """Valid actions: the admissible slots, and dispatch."""
        return [self.admissible(slot) for slot in range(self.scenario.epoch.visible_slots)] + [True]

    def counters(self) -> dict[str, int]:
        """What `info` counts, by name."""
        fates = [request.fate for request in self.requests]
        return {
            "arrived": len(fates) - fates.count("not arrived"),
            "served": fates.count("served"),
            "expired": fates.count("expired"),
            "rejected": fates.count("rejected"),
            "pending": fates.count("pending"),
            "beyond_visible": sum(r.fate == "pending" and r not in self.visible for r in self.requests),
            "epochs": self.epochs,
            "invalid_actions": self.invalid_actions,
            "not_admitted": self.not_admitted,
        }

    def context(self) -> dict[str, float]:
        """The observation's context features, by name."""
        node, batch, asked = self.node, self.batch, self.scenario.workload
        slots = self.scenario.epoch.visible_slots
        compute_s = node.compute_s(batch) + node.parts_s(batch) if batch else 0.0
        limit_s = min([node.window_s, *(node.slack_s(request, self.start_s) for request in batch)])
        padded = node.lengths(batch) if batch else [(0, 0)]
        features = {
            "batch_size": len(batch) / slots,
            "batch_uplink_share": sum(map(node.uplink_share, batch)),
            "batch_downlink_share": sum(map(node.downlink_share, batch)),
            "batch_memory": (node.memory_bytes(batch) if batch else node.weight_bytes()) / node.memory_limit_bytes,
            "batch_compute": compute_s / node.window_s,
            "batch_headroom": (limit_s - compute_s) / node.window_s,
            "batch_longest_prompt": max(s for s, _ in padded) / max(asked.prompt_tokens),
            "batch_longest_output": max(n for _, n in padded) / max(asked.output_tokens),
            "visible": len(self.visible) / slots,
            "beyond_visible": self.counters()["beyond_visible"] / slots,
        }
        return {name: min(max(value, 0.0), 1.0) for name, value in features.items()}

    def slots(self) -> list[dict[str, float]]:
        """The observation's slot features, by name, of every slot; those of empty and admitted slots are 0."""
        nothing = dict.fromkeys(self._slot(self.visible[0], 0), 0.0) if self.visible else {}
        shown = [
            self._slot(request, slot) if request.fate == "pending" else nothing
            for slot, request in enumerate(self.visible)
        ]
        return shown + [nothing] * (self.scenario.epoch.visible_slots - len(shown))

    def _slot(self, request: Request, slot: int) -> dict[str, float]:
        node, asked = self.node, self.scenario.workload
        padded_s, padded_n = node.lengths([request])[0]
        slack_s, compute_s = node.slack_s(request, self.start_s), node.compute_s([request])
        features = {
            "present": 1.0,
            "admissible": float(self.admissible(slot)),
            "slack": slack_s / asked.latency_requirement_s.high,
            "compute": compute_s / node.window_s,
            "memory": node.kv_bytes([request]) / node.memory_limit_bytes,
            "uplink_share": node.uplink_share(request),
            "downlink_share": node.downlink_share(request),
            "prompt": padded_s / max(asked.prompt_tokens),
            "output": padded_n / max(asked.output_tokens),
            "can_wait": float(compute_s <= slack_s - self.scenario.epoch.epoch_s),
        }
        return {name: min(max(value, 0.0), 1.0) for name, value in features.items()}

    # --- what happens then

    def _begin_epoch(self) -> None:
        self.batch = []
        offered_accuracy = 1 / (1 + self.node.quantization.perplexity_increase)
        for request in self.requests:
            if request.fate == "pending":
                request.epochs_pending += 1
            elif request.fate == "not arrived" and request.arrival_s < self.start_s:
                request.fate = "pending" if request.accuracy_requirement <= offered_accuracy else "rejected"
        for request in self.requests:
            if request.fate == "pending" and not self.node.can_compute([request], self.start_s):
                request.fate = "expired"
                self.reward_terms["expired"] += self.scenario.reward.expired
        waiting = [request for request in self.requests if request.fate == "pending"]
        self.visible = waiting[: self.scenario.epoch.visible_slots]

    def _admit(self, slot: int) -> None:
        before_j = self.node.energy_j(self.batch) if self.batch else 0.0
        request = self.visible[slot]
        request.fate = "served"
        self.batch.append(request)
        weights = self.scenario.reward
        self.reward_terms["served"] += weights.served
        self.reward_terms["tokens"] += weights.tokens * request.output_tokens
        self.reward_terms["energy"] += weights.energy * (self.node.energy_j(self.batch) - before_j)

    def _dispatch(self) -> None:
        self.utilisation = self._use_of(self.batch)
        self.epochs += 1
        self._begin_epoch()

    def _use_of(self, batch: list[Request]) -> dict[str, float]:
        node = self.node
        return {
            "uplink": sum(map(node.uplink_share, batch)),
            "downlink": sum(map(node.downlink_share, batch)),
            "memory": (node.memory_bytes(batch) if batch else node.weight_bytes()) / node.memory_limit_bytes,
            "compute": (node.compute_s(batch) + node.parts_s(batch) if batch else 0.0) / node.window_s,
        }
