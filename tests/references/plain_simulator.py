"""The environments once more, in plain Python: written from `docs/model.md`, sharing no code with the kernels.

One request is one object, one batch is a list of them, and every quantity of a batch is worked out from scratch
whenever it is needed. Slow, and simple enough to be checked by eye. The only things that it takes from the suite are
the scenario's settings, the catalogue's values and the workload.
"""

from __future__ import annotations

from dataclasses import replace

from edge_llm_env import Scenario, Workload
from tests.references.plain_node import TOLERANCE, Request
from tests.references.plain_roofline import node_of


class ReferenceSimulator:
    """One episode of a scenario on a workload, up to its first decision."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self.scenario = scenario
        self.node = node_of(scenario)
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
                workload.has_image is not None and bool(workload.has_image[index]),
            )
            for index in range(workload.requests)
        ]
        self.believes = scenario.beliefs != type(scenario.beliefs)()
        if self.believes:
            self.requests = [believed(request, workload) for request in self.requests]
        self.unfinished = {"uplinks_failed": 0, "outputs_cut": 0, "downlinks_failed": 0}
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
            "pending": fates.count("pending") + fates.count("reserved"),
            "beyond_visible": sum(r.fate == "pending" and r not in self.visible for r in self.requests),
            "epochs": self.epochs,
            "invalid_actions": self.invalid_actions,
            "not_admitted": self.not_admitted,
            **self.unfinished,
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
            "batch_longest_prompt": max(s for s, _ in padded) / node.longest_prompt_tokens,
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
            "prompt": padded_s / node.longest_prompt_tokens,
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
        request.fate = "reserved" if self.believes else "served"
        self.batch.append(request)
        if self.believes:
            return
        weights = self.scenario.reward
        self.reward_terms["served"] += weights.served
        self.reward_terms["tokens"] += weights.tokens * request.output_tokens
        self.reward_terms["energy"] += weights.energy * (self.node.energy_j(self.batch) - before_j)

    def _dispatch(self) -> None:
        self.utilisation = self._settled() if self.believes else self._use_of(self.batch)
        self.epochs += 1
        self._begin_epoch()

    def _settled(self) -> dict[str, float]:
        """Serve those of the batch whose transfers and lengths are no more than was reserved; what it used."""
        node, weights, computed = self.node, self.scenario.reward, []
        used = self._use_of(self.batch) | {"memory": 0.0, "compute": 0.0}
        parts_s = node.parts_s(self.batch)
        for request in self.batch:
            request.fate = "pending"
            truth = replace(request.truth, epochs_pending=request.epochs_pending)
            if node.uplink_share(truth) > node.uplink_share(request) * (1 + TOLERANCE):
                self.unfinished["uplinks_failed"] += 1
                continue
            computed.append(replace(request, output_tokens=min(truth.output_tokens, request.output_tokens)))
            if truth.output_tokens > request.output_tokens:
                self.unfinished["outputs_cut"] += 1
                request.output_tokens = min(2 * request.output_tokens, max(self.scenario.workload.output_tokens))
            elif node.downlink_share(truth) > node.downlink_share(request) * (1 + TOLERANCE):
                self.unfinished["downlinks_failed"] += 1
            else:
                request.fate = "served"
                self.reward_terms["served"] += weights.served
                self.reward_terms["tokens"] += weights.tokens * truth.output_tokens
        self.reward_terms["energy"] += weights.energy * (node.energy_j(computed) if computed else 0.0)
        memory = node.memory_bytes(computed) if computed else node.weight_bytes()
        used["memory"] = memory / node.memory_limit_bytes
        used["compute"] = (node.compute_s(computed) + parts_s if computed else 0.0) / node.window_s
        return used

    def _use_of(self, batch: list[Request]) -> dict[str, float]:
        node = self.node
        return {
            "uplink": sum(map(node.uplink_share, batch)),
            "downlink": sum(map(node.downlink_share, batch)),
            "memory": (node.memory_bytes(batch) if batch else node.weight_bytes()) / node.memory_limit_bytes,
            "compute": (node.compute_s(batch) + node.parts_s(batch) if batch else 0.0) / node.window_s,
        }


def believed(request: Request, workload: Workload) -> Request:
    """A request as the node believes it to be, with the request as its truth."""
    uplink, downlink, tokens = (
        workload.believed_uplink_gain,
        workload.believed_downlink_gain,
        workload.believed_output_tokens,
    )
    return replace(
        request,
        output_tokens=request.output_tokens if tokens is None else int(tokens[request.index]),
        uplink_gains=request.uplink_gains if uplink is None else uplink[request.index].tolist(),
        downlink_gains=request.downlink_gains if downlink is None else downlink[request.index].tolist(),
        truth=request,
    )
