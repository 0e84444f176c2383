"""A rack of modules in plain Python, written from the docstring of `EdgeLLM/Scaling-v0` and nothing else.

Lists of objects. It shares with the compiled rack what a batch of a group of modules costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload


@dataclass(eq=False)
class Asked:
    """A request."""

    arrival_s: float
    due_s: float
    tokens: int
    suits: bool
    fate: str = "to come"


@dataclass
class PlainRack:
    """A rack that plays a workload."""

    scenario: Scenario
    workload: Workload
    starting_s: list[float] = field(default_factory=list)
    """Of each module that is on, how long it still starts."""
    epoch: int = 0
    energy_j: float = 0.0
    reward: float = 0.0
    starts: int = 0
    size: int | None = None
    """Modules that work as one; None where all that have started do."""
    module_epochs: int = 0

    def __post_init__(self) -> None:
        scenario, workload = self.scenario, self.workload
        asked, modules = scenario.workload, scenario.node.modules
        given, rack = scenario.rack.modules_at_start, scenario.rack
        self.size = rack.group_sizes[0] if rack.group_sizes else rack.modules_per_group
        self.starting_s = [0.0] * (modules if given is None else given)
        self.requests = [
            Asked(
                float(workload.arrival_s[at]),
                float(workload.arrival_s[at] + workload.latency_requirement_s[at]),
                int(workload.output_tokens[at]),
                bool(workload.accuracy_requirement[at] <= scenario.quantization.accuracy)
                and int(workload.prompt_tokens[at]) <= asked.longest_prompt_tokens
                and int(workload.output_tokens[at]) <= asked.longest_output_tokens,
            )
            for at in range(workload.requests)
        ]
        self.arrive()
        self.reward = 0.0

    def arrive(self) -> None:
        """Who has come by the start of the epoch waits, and who would be answered too late expires."""
        length_s = self.scenario.epoch.epoch_s
        start_s = (self.epoch + 1) * length_s
        for one in self.requests:
            if one.fate == "to come" and one.arrival_s < start_s:
                one.fate = "waits" if one.suits else "rejected"
            if one.fate == "waits" and one.due_s < start_s + length_s:
                one.fate = "expired"
                self.reward += self.scenario.reward.expired

    def cost(self, modules: int, batch: int) -> tuple[float, float, float]:
        """Time (s), memory (bytes) and energy (J) of a batch on a group, all requests of the longest lengths."""
        scenario = self.scenario
        variant, node = scenario.own_variant, scenario.node
        cost = variant.batch_cost[modules - 1]
        prompt = max(node.fixed_prompt_tokens or 0, scenario.workload.longest_prompt_tokens)
        lengths = prompt, scenario.workload.longest_output_tokens
        held = cost.memory_bytes.base(*lengths) + batch * cost.memory_bytes.marginal(*lengths)
        return (
            cost.compute_s.base(*lengths) + batch * cost.compute_s.marginal(*lengths),
            held + (modules - 1) * variant.weight_bytes,
            cost.energy_j.base(*lengths) + batch * cost.energy_j.marginal(*lengths),
        )

    def largest(self, modules: int) -> int:
        """The largest batch that a group of so many modules serves."""
        batch = 0
        while modules:
            time_s, held, _ = self.cost(modules, batch + 1)
            if time_s > self.scenario.epoch.compute_window_s * (1 + 1e-9):
                break
            if held > modules * self.scenario.node.memory_bytes_per_module * (1 + 1e-9):
                break
            batch += 1
        return batch

    def step(self, action: float, regroup: float = 0.0) -> float:
        """Switch modules, serve, and end the epoch; the reward."""
        scenario, weights = self.scenario, self.scenario.reward
        modules, rack = scenario.node.modules, scenario.rack
        target = min(modules, max(0, len(self.starting_s) + math.floor(modules * action + 0.5)))
        while len(self.starting_s) > target:
            self.starting_s.remove(max(self.starting_s))
        sizes: tuple[int | None, ...] = rack.group_sizes or (self.size,)
        place = sizes.index(self.size) + math.floor(len(sizes) * regroup + 0.5)
        wanted = sizes[min(len(sizes) - 1, max(0, place))]
        if wanted != self.size:
            self.size = wanted
            self.starts += len(self.starting_s)
            self.starting_s = [scenario.own_variant.load_s] * len(self.starting_s)
        while len(self.starting_s) < target:
            self.starting_s.append(scenario.own_variant.load_s)
            self.starts += 1
        ready = self.starting_s.count(0.0)
        size = ready if self.size is None else self.size
        groups = [] if not size else [size] * (ready // size)
        waiting = sorted((one for one in self.requests if one.fate == "waits"), key=lambda one: one.due_s)
        energy_j = len(self.starting_s) * rack.idle_power_w * scenario.epoch.epoch_s
        self.reward = 0.0
        for group in groups:
            batch, waiting = waiting[: self.largest(group)], waiting[self.largest(group) :]
            for one in batch:
                one.fate = "served"
                self.reward += weights.served + weights.tokens * one.tokens
            energy_j += self.cost(group, len(batch))[2] if batch else 0.0
        self.energy_j += energy_j
        self.reward += weights.energy * energy_j
        self.module_epochs += len(self.starting_s)
        self.starting_s = [max(0.0, left_s - scenario.epoch.epoch_s) for left_s in self.starting_s]
        self.epoch += 1
        self.arrive()
        return self.reward

    def counters(self) -> dict[str, Any]:
        """As `info` names them."""
        fates = [one.fate for one in self.requests]
        return {
            "arrived": len(fates) - fates.count("to come"),
            "served": fates.count("served"),
            "expired": fates.count("expired"),
            "rejected": fates.count("rejected"),
            "pending": fates.count("waits"),
            "epochs": self.epoch,
            "modules_on": len(self.starting_s),
            "modules_ready": self.starting_s.count(0.0),
            "module_epochs": self.module_epochs,
            "module_starts": self.starts,
            "modules_per_group": self.size or 0,
        }
