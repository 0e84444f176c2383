"""An engine of iterations in plain Python, written from `docs/iterations.md` and nothing else.

Lists of objects, one iteration at a time. It shares with the compiled engine the cost of a pass and the Shannon rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload


@dataclass(eq=False)
class Sequence:
    """A request as the engine sees it."""

    number: int
    arrival_s: float
    visible_s: float
    first_due_s: float
    tpot_s: float
    prompt: int
    output: int
    fate: str = "uploading"
    generated: int = 0
    cached: int = 0
    to_prefill: int = 0
    blocks: int = 0
    first_s: float | None = None
    preempted_s: float | None = None
    last_s: float | None = None
    in_host: bool = False
    ttft_s: float = 0.0
    down_s: float = 0.0

    @property
    def decodes(self) -> bool:
        return self.cached >= self.to_prefill


class PlainEngine:
    """One episode of one workload."""

    def __init__(self, scenario: Scenario, workload: Workload, blocks: int) -> None:
        self.scenario, self.settings = scenario, scenario.iterations
        self.cost: IterationCost = scenario.iteration_costs.compute_s
        self.energy: IterationCost = scenario.iteration_costs.energy_j
        self.blocks = self.free = blocks
        self.kept = math.ceil(self.settings.watermark * blocks)
        self.end_s = scenario.epoch.episode_epochs * scenario.epoch.epoch_s
        self.now_s, self.energy_j, self.iterations = 0.0, 0.0, 0
        self.sequences = [self._sequence(workload, number) for number in range(workload.requests)]
        self.ahead = sorted(self._begun_by_users(), key=lambda one: one.visible_s)  # stable: in order of arrival
        self.front: list[Sequence] = []
        """Who has had a waiting slot."""
        self.behind: list[Sequence] = []
        self.running: list[Sequence] = []
        block_bytes = scenario.batch_cost.memory_bytes.marginal.n * self.settings.block_tokens
        self.host_blocks = self.host_free = int(self.settings.host_memory_bytes / block_bytes)
        self.block_transfer_s = block_bytes / self.settings.host_link_bytes_per_s
        self.to_transfer_s = 0.0
        self.swapped = 0
        self.paid_served = self.paid_tokens = 0.0
        self.missed_ttft = self.missed_tpot = self.preempted = self.recomputed = self.admitted = 0
        if self.ahead and self.ahead[0].visible_s < self.end_s:
            self.now_s = self.ahead[0].visible_s
        self._let_in()

    def _begun_by_users(self) -> list[Sequence]:
        return self.sequences

    def _sequence(self, workload: Workload, number: int) -> Sequence:
        radio = self.scenario.radio
        prompt, output = int(workload.prompt_tokens[number]), int(workload.output_tokens[number])

        def seconds(bits: float, band_hz: float, power_dbm: float, gain: float) -> float:
            noise_w = 10 ** (radio.noise_dbm_per_hz / 10) / 1000 * band_hz
            per_hz = math.log2(1 + 10 ** (power_dbm / 10) / 1000 * gain / noise_w)
            per_hz = min(per_hz, radio.max_spectral_efficiency_bits_per_s_per_hz or math.inf)
            rate = self.settings.uplink_share * band_hz * per_hz
            return bits / rate if rate > 0 else math.inf

        up_s = seconds(
            radio.uplink_bits_per_token * prompt,
            radio.uplink_bandwidth_hz,
            radio.device_power_dbm,
            float(workload.uplink_gain[number, 0]),
        )
        down_s = seconds(
            radio.downlink_bits_per_token,
            radio.downlink_bandwidth_hz,
            radio.node_power_dbm,
            float(workload.downlink_gain[number, 0]),
        )
        patience_s = float(workload.latency_requirement_s[number])
        asked = next(
            one
            for one in self.settings.classes
            if one.latency_requirement_up_to_s is None or patience_s <= one.latency_requirement_up_to_s
        )
        arrival_s = float(workload.arrival_s[number])
        return Sequence(
            number,
            arrival_s,
            arrival_s + up_s,
            arrival_s + asked.ttft_s - down_s,
            asked.tpot_s,
            prompt,
            output,
            to_prefill=prompt,
            ttft_s=asked.ttft_s,
            down_s=down_s,
        )

    def _blocks(self, tokens: int) -> int:
        return -(-tokens // self.settings.block_tokens)

    def _let_in(self) -> bool:
        came = False
        while self.ahead and self.ahead[0].visible_s <= self.now_s:
            one = self.ahead.pop(0)
            came = True
            if self._blocks(one.prompt + one.output - 1) > self.blocks:
                one.fate = "rejected"
            else:
                one.fate = "waiting"
                self.behind.append(one)
        self._fill()
        return came

    def _fill(self) -> None:
        while self.behind and len(self.front) < self.scenario.epoch.visible_slots:
            self.front.append(self.behind.pop(0))

    def _needed(self, one: Sequence) -> int:
        """Blocks to join the batch with."""
        return self._own_blocks(one, max(one.to_prefill, one.cached))

    def _own_blocks(self, one: Sequence, tokens: int) -> int:
        """Blocks that it must hold itself to have so many tokens."""
        return self._blocks(tokens)

    @property
    def visible(self) -> list[Sequence]:
        return self.front[: self.scenario.epoch.visible_slots]

    def lacks_blocks(self) -> bool:
        needed = sum(self._own_blocks(one, one.cached + 1) > one.blocks for one in self.running if one.decodes)
        return needed > self.free

    def late(self, one: Sequence) -> bool:
        if one.generated == 0:
            alone_s = self.cost.of_pass(chunks=[(one.to_prefill - one.cached, one.cached, True)])
            return self.now_s + alone_s > one.first_due_s
        assert one.first_s is not None
        if one.first_s > one.first_due_s:
            return True
        if self.settings.output_lengths != "known":
            return False
        alone_s = (one.output - one.generated) * (self.cost.decode_pass + self.cost.decode_sequence)
        return self.now_s + alone_s > one.first_s + (one.output - 1) * one.tpot_s

    def open(self) -> tuple[list[bool], list[bool], list[bool], list[bool]]:
        """Which waiting slots can be admitted, running ones preempted, waiting ones dropped, and which budgets run."""
        kept = self.kept if self.running else 0
        room = [self._needed(one) + kept <= self.free for one in self.visible]
        short = self.lacks_blocks()
        pressed = short or not all(room)
        admit = [
            there_is and len(self.running) < self.settings.running_slots and one.preempted_s != self.now_s
            for there_is, one in zip(room, self.visible, strict=True)
        ]
        preempt = [pressed or self.late(one) for one in self.running]
        drop = [self.late(one) for one in self.visible]
        decodes = sum(one.decodes for one in self.running)
        none = not short and (decodes > 0 or not self.running)
        some = not short and decodes < len(self.running)
        return admit, preempt, drop, [none] + [some] * len(self.settings.prefill_budgets)

    def admit(self, slot: int) -> None:
        one = self.front.pop(slot)
        self._fill()
        one.fate = "running"
        one.blocks = self._needed(one)
        if one.in_host:
            self.to_transfer_s += self._leave_host(one) * self.block_transfer_s
        self.free -= one.blocks
        self.running.append(one)
        self.admitted += 1

    def _leave_host(self, one: Sequence) -> int:
        blocks = self._blocks(one.cached)
        one.in_host = False
        self.host_free += blocks
        return blocks

    def preempt(self, slot: int) -> None:
        one = self.running.pop(slot)
        one.fate = "waiting"
        self.free += one.blocks
        self.preempted += 1
        one.blocks = 0
        moved = self._blocks(one.cached)
        if one.cached and moved <= self.host_free:
            one.in_host = True
            self.host_free -= moved
            self.to_transfer_s += moved * self.block_transfer_s
            self.swapped += 1
        else:
            lost, one.cached = one.cached, 0
            one.to_prefill = one.prompt + one.generated
            self._preempted(one)
            self.recomputed += max(0, lost - one.cached)
        one.preempted_s = self.now_s
        self.front.insert(0, one)
        self._fill()

    def drop(self, slot: int) -> None:
        one = self.front.pop(slot)
        self._fill()
        self._give_up(one)

    def _give_up(self, one: Sequence) -> None:
        if one.in_host:
            self._leave_host(one)
        one.fate = "dropped"
        self.missed_ttft += one.generated == 0

    def run(self, budget: int) -> None:
        if self.to_transfer_s:
            self.now_s += self.to_transfer_s
            self.to_transfer_s = 0.0
            if self._let_in():
                return
        for _ in range(self.settings.most_iterations):
            if self.now_s >= self.end_s or self.lacks_blocks():
                return
            if self._iterate(budget):
                return

    def _iterate(self, budget: int) -> bool:
        """One iteration; whether something happened."""
        decoding = [one for one in self.running if one.decodes]
        chunks = []
        for one in self.running:
            tokens = 0 if one.decodes else min(budget, one.to_prefill - one.cached)
            budget -= tokens
            if tokens:
                chunks.append((one, tokens))
        if not decoding and not chunks:
            upcoming_s = self.ahead[0].visible_s if self.ahead else math.inf
            self.now_s = min(self.end_s, max(self.now_s, upcoming_s))
            self._let_in()
            return True
        passing = {
            "chunks": [(tokens, one.cached, one.cached + tokens == one.to_prefill) for one, tokens in chunks],
            "contexts": [one.cached + 1 for one in decoding],
        }
        self.now_s += self.cost.of_pass(**passing)
        self.energy_j += self.energy.of_pass(**passing)
        self.iterations += 1
        for one in decoding:
            one.cached += 1
            one.generated += 1
            more = self._own_blocks(one, one.cached) - one.blocks
            if more > 0:
                one.blocks += more
                self.free -= more
        finished_prefill = False
        for one, tokens in chunks:
            one.cached += tokens
            if one.decodes:
                one.generated += 1
                finished_prefill = True
        done = [one for one in self.running if one.generated == one.output]
        for one in self.running:
            if one.generated and one.first_s is None:
                one.first_s = self.now_s
        for one in done:
            self.running.remove(one)
            self.free += one.blocks
            assert one.first_s is not None
            late = one.first_s > one.first_due_s
            slow = self._is_slow(one)
            self.missed_ttft += late
            self.missed_tpot += slow
            one.fate = "completed late" if late or slow else "served"
            one.last_s = self.now_s
            paid = 1.0
            if late or slow:
                misses = [(one.first_s - one.first_due_s) / one.ttft_s]
                if one.output > 1:
                    misses.append((self.now_s - one.first_s) / (one.output - 1) / one.tpot_s - 1)
                soft = self.settings.soft_misses
                paid = max(0.0, 1 - max(misses) / soft) if soft else 0.0
            self.paid_served += paid
            self.paid_tokens += paid * one.output
            self._completed(one)
        return self._let_in() or finished_prefill or bool(done)

    def _is_slow(self, one: Sequence) -> bool:
        assert one.first_s is not None
        return self.now_s - one.first_s > (one.output - 1) * one.tpot_s

    def _preempted(self, one: Sequence) -> None:
        """What of its cache it has all the same."""

    def _completed(self, one: Sequence) -> None:
        """What follows of it."""

    def counters(self) -> dict[str, int]:
        """As the environment counts."""
        arrived = [one for one in self.sequences if one.arrival_s <= self.now_s]

        def count(*fates: str) -> int:
            return sum(one.fate in fates for one in arrived)

        completed = [one for one in arrived if one.fate in ("served", "completed late")]
        return {
            "arrived": len(arrived),
            "served": count("served"),
            "expired": count("completed late", "dropped"),
            "rejected": count("rejected"),
            "pending": count("uploading", "waiting", "running"),
            "beyond_visible": count("waiting") - len(self.visible),
            "uploading": count("uploading"),
            "waiting": count("waiting"),
            "running": count("running"),
            "admitted": self.admitted,
            "completed": len(completed),
            "missed_ttft": self.missed_ttft,
            "missed_tpot": self.missed_tpot,
            "dropped": count("dropped"),
            "preempted": self.preempted,
            "recomputed_tokens": self.recomputed,
            "swapped": self.swapped,
            "iterations": self.iterations,
            "tokens": sum(one.output for one in completed),
        }

    def percentiles(self) -> dict[str, dict[str, float]]:
        """Of times at the end of an episode, by nearest rank."""
        begun = [one for one in self.sequences if one.first_s is not None]
        done = [one for one in begun if one.last_s is not None]
        times = {
            "ttft_s": [one.first_s + one.down_s - one.arrival_s for one in begun],
            "tpot_s": [(one.last_s - one.first_s) / (one.output - 1) for one in done if one.output > 1],
            "end_to_end_s": [one.last_s + one.down_s - one.arrival_s for one in done],
        }
        return {
            name: {
                f"p{percent}": sorted(values)[math.ceil(percent * len(values) / 100) - 1] if values else math.nan
                for percent in (50, 90, 99)
            }
            for name, values in times.items()
        }
