"""Agent tasks once more, in plain Python, as `edge_llm_env.workload.workload.Workload` and `docs/model.md` have them.

A task is one object with its calls, and everything is worked out from scratch whenever it is needed. Of the suite it
takes the scenario's settings, the catalogue's values and the workload.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edge_llm_env import Scenario, Workload
from tests.references.plain_node import TOLERANCE, Request
from tests.references.plain_roofline import node_of

TERMS = ("served", "tokens", "energy", "expired", "task_completed", "task_failed")


@dataclass(eq=False)
class Call:
    """One call; its `request` is what it sends and answers, `fate` is of the request."""

    request: Request
    waits_for: list[Call]
    tool_s: float
    context_tokens: int
    kept_tokens: int
    signal: list[float]
    answered_s: float | None = None

    @property
    def fate(self) -> str:
        return self.request.fate


@dataclass(eq=False)
class Task:
    """A task: what it has kept, on the node or in the memory of a host, and computed so far."""

    kind: int
    calls: list[Call] = field(default_factory=list)
    cached_tokens: int = 0
    in_host: bool = False
    computed_tokens: int = 0
    fate: str = "not arrived"

    @property
    def served(self) -> int:
        return sum(call.fate == "served" for call in self.calls)


class ReferenceTasks:
    """One episode of a scenario with tasks on a workload, up to its first decision."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self.scenario, self.node, self.rule = scenario, node_of(scenario), scenario.workload.tasks
        self.tasks: list[Task] = []
        calls: list[Call] = []
        for index in range(workload.requests):
            if workload.task[index] == len(self.tasks):
                self.tasks.append(Task(int(workload.task_kind[index])))
            request = Request(
                index,
                float(workload.arrival_s[index]),
                int(workload.prompt_tokens[index]),
                int(workload.output_tokens[index]),
                float(workload.latency_requirement_s[index]),
                float(workload.accuracy_requirement[index]),
                workload.uplink_gain[index].tolist(),
                workload.downlink_gain[index].tolist(),
            )
            before = [calls[index - int(back)] for back in workload.predecessors[index] if back]
            of_call = (int(workload.context_tokens[index]), int(workload.kept_tokens[index]))
            signal = [] if workload.signals is None else workload.signals[index].tolist()
            calls.append(Call(request, before, float(workload.tool_s[index]), *of_call, signal))
            self.tasks[-1].calls.append(calls[-1])
        self.task_of = {id(call): task for task in self.tasks for call in task.calls}
        self.epochs = self.invalid_actions = self.not_admitted = self.tokens = self.reused = 0
        self.batch: list[Call] = []
        self.moving_s = 0.0
        self.reward_terms = dict.fromkeys(TERMS, 0.0)
        self._begin_epoch()

    @property
    def start_s(self) -> float:
        return (self.epochs + 1) * self.scenario.epoch.epoch_s

    @property
    def kept_bytes(self) -> float:
        return self._kv_bytes(sum(task.cached_tokens for task in self.tasks if not task.in_host))

    @property
    def swapped_bytes(self) -> float:
        return self._kv_bytes(sum(task.cached_tokens for task in self.tasks if task.in_host))

    def step_batching(self, action: int) -> float:
        """`Batching-v0`: admit the call in that slot; dispatch if there is none, or it does not fit."""
        self.reward_terms = dict.fromkeys(TERMS, 0.0)
        if action < self.scenario.epoch.visible_slots and self.admissible(action):
            self._admit(action)
        else:
            self.invalid_actions += action < self.scenario.epoch.visible_slots
            self._dispatch()
        return sum(self.reward_terms.values())

    def step_batch_selection(self, chosen: list[int]) -> float:
        """`BatchSelection-v0`: free chosen caches, admit the chosen slots in order, each if it still fits; dispatch."""
        self.reward_terms = dict.fromkeys(TERMS, 0.0)
        for task, freed in zip(self.caches(), chosen[self.scenario.epoch.visible_slots :], strict=False):
            if freed and not self._swap(task, task.cached_tokens):
                task.cached_tokens = 0
        self.not_admitted = 0
        for slot in range(len(self.visible)):
            if chosen[slot] and self.admissible(slot):
                self._admit(slot)
            else:
                self.not_admitted += bool(chosen[slot])
        self._dispatch()
        return sum(self.reward_terms.values())

    def mask(self) -> list[bool]:
        return [self.admissible(slot) for slot in range(self.scenario.epoch.visible_slots)] + [True]

    def admissible(self, slot: int) -> bool:
        if slot >= len(self.visible) or self.visible[slot].fate != "pending":
            return False
        batch = [*self.batch, self.visible[slot]]
        requests = [call.request for call in batch]
        return self.node.can_transmit(requests) and self._can_compute(batch, self.kept_bytes, self.moving_s)

    def counters(self) -> dict[str, int]:
        """What `info` counts, by name."""
        calls = [call for task in self.tasks for call in task.calls]
        fates, failed = [call.fate for call in calls], [task for task in self.tasks if task.fate == "failed"]
        return {
            "arrived": len(fates) - fates.count("not arrived"),
            "served": fates.count("served"),
            "expired": fates.count("expired"),
            "rejected": fates.count("rejected"),
            "pending": fates.count("pending") + fates.count("waiting"),
            "beyond_visible": sum(call.fate == "pending" and call not in self.visible for call in calls),
            "epochs": self.epochs,
            "invalid_actions": self.invalid_actions,
            "not_admitted": self.not_admitted,
            "uplinks_failed": 0,
            "outputs_cut": 0,
            "downlinks_failed": 0,
            "tasks_arrived": sum(task.fate != "not arrived" for task in self.tasks),
            "tasks_completed": sum(task.fate == "completed" for task in self.tasks),
            "tasks_failed": len(failed),
            "tasks_running": sum(task.fate == "running" for task in self.tasks),
            "calls_waiting": self.waiting_at_start,
            "calls_wasted": sum(task.served for task in failed),
            "tokens_computed": self.tokens,
            "tokens_wasted": sum(task.computed_tokens for task in failed),
            "cached_tokens_reused": self.reused,
        }

    def caches(self) -> list[Task]:
        """The tasks whose caches can be freed now."""
        kept = [task for task in self.tasks if task.cached_tokens and not task.in_host]
        return kept[: self.scenario.epoch.visible_slots]

    # --- what a call costs

    def _prompt(self, call: Call) -> tuple[int, int]:
        """Tokens of its prompt that must be computed, and those of its context that are kept."""
        kept = min(call.context_tokens, self.task_of[id(call)].cached_tokens)
        return call.context_tokens + call.request.prompt_tokens - kept, kept

    def _whole(self, call: Call) -> Request:
        """The request with all of its context as its prompt."""
        return replace(call.request, prompt_tokens=call.context_tokens + call.request.prompt_tokens)

    def _returned_bytes(self, call: Call) -> float:
        """Of the cache that the host has to move back for it."""
        return self._kv_bytes(self._prompt(call)[1]) if self.task_of[id(call)].in_host else 0.0

    def _compute_s(self, batch: list[Call]) -> float:
        """Each whole prompt and answer, less the prefill of what is kept, and what moves; of costs that add up."""
        total = 0.0
        for call in batch:
            total += self.node.compute_s([self._whole(call)])
            kept = self._prompt(call)[1]
            if kept:
                total -= self.node.compute_s([replace(call.request, prompt_tokens=kept, output_tokens=1)])
            total += self._returned_bytes(call) / self.scenario.iterations.host_link_bytes_per_s
        return total

    def _kv_bytes(self, tokens: int) -> float:
        decoder = self.node.decoder
        return 4.0 * decoder.layers * decoder.d_model * tokens

    def _memory_bytes(self, batch: list[Call], kept_bytes: float) -> float:
        tokens = sum(self._prompt(call)[0] + call.request.output_tokens for call in batch)
        returned_bytes = sum(self._returned_bytes(call) for call in batch)
        return self.node.weight_bytes() + self._kv_bytes(tokens) + returned_bytes + kept_bytes

    def _can_compute(self, batch: list[Call], kept_bytes: float, waits_s: float) -> bool:
        limits = [self.node.window_s, *(self.node.slack_s(call.request, self.start_s) for call in batch)]
        if self._memory_bytes(batch, kept_bytes) > self.node.memory_limit_bytes * (1 + TOLERANCE):
            return False
        return all(waits_s + self._compute_s(batch) <= limit * (1 + TOLERANCE) for limit in limits)

    # --- what happens then

    def _admit(self, slot: int) -> None:
        call = self.visible[slot]
        task, weights = self.task_of[id(call)], self.scenario.reward
        prompt, kept = self._prompt(call)
        before_j = self._energy_j(self.batch)
        self.batch.append(call)
        call.request.fate = "served"
        call.answered_s = self.start_s + self.scenario.epoch.epoch_s
        self.tokens += prompt + call.request.output_tokens
        task.computed_tokens += prompt + call.request.output_tokens
        self.reused += kept
        self.reward_terms["served"] += weights.served
        self.reward_terms["tokens"] += weights.tokens * call.request.output_tokens
        self.reward_terms["energy"] += weights.energy * (self._energy_j(self.batch) - before_j)
        if task.served == len(task.calls):
            task.fate = "completed"
            self.reward_terms["task_completed"] += weights.task_completed

    def _energy_j(self, batch: list[Call]) -> float:
        """Of the tokens that are computed; attention to what is kept is not counted."""
        return sum(self.node.energy_j([replace(call.request, prompt_tokens=self._prompt(call)[0])]) for call in batch)

    def _dispatch(self) -> None:
        self.moving_s = max(0.0, self.moving_s - self.scenario.epoch.epoch_s)
        for call in sorted(self.batch, key=lambda one: one.request.index):
            task = self.task_of[id(call)]
            if task.fate == "completed":
                task.cached_tokens, task.in_host = 0, False
            elif self.rule.kv_cache != "drop" and call.kept_tokens > task.cached_tokens:
                before = task.cached_tokens, task.in_host
                task.cached_tokens, task.in_host = call.kept_tokens, False
                limit = self.rule.cache_share * (self.node.memory_limit_bytes - self.node.weight_bytes())
                if self.rule.kv_cache != "keep" and self.kept_bytes > limit:
                    task.cached_tokens, task.in_host = before
                    self._swap(task, call.kept_tokens)
        self.epochs += 1
        self._begin_epoch()

    def _swap(self, task: Task, tokens: int) -> bool:
        """Have so much of a task's cache in host memory, if that has room; the next batch waits for what moves."""
        there = task.cached_tokens if task.in_host else 0
        grown_bytes = self.swapped_bytes + self._kv_bytes(tokens - there)
        if self.rule.kv_cache != "keep_or_swap" or grown_bytes > self.scenario.iterations.host_memory_bytes:
            return False
        self.moving_s += self._kv_bytes(tokens - there) / self.scenario.iterations.host_link_bytes_per_s
        task.cached_tokens, task.in_host = tokens, True
        return True

    def _begin_epoch(self) -> None:
        self.batch = []
        offered_accuracy = 1 / (1 + self.node.quantization.perplexity_increase)
        for task in self.tasks:
            arrival_s = task.calls[0].request.arrival_s
            if task.fate == "not arrived" and arrival_s < self.start_s:
                accepted = task.calls[0].request.accuracy_requirement <= offered_accuracy
                task.fate = "running" if accepted else "failed"
                for call in task.calls:
                    call.request.fate = "waiting" if accepted else "rejected"
            elif task.fate == "running":
                for call in task.calls:
                    call.request.epochs_pending += 1
            if task.fate == "running":
                self._tools_end(task, arrival_s)
                if self._is_lost(task):
                    self._fail(task)
        calls = [call for task in self.tasks for call in task.calls]
        self.waiting_at_start = sum(call.fate == "waiting" for call in calls)
        self.visible = [call for call in calls if call.fate == "pending"][: self.scenario.epoch.visible_slots]

    def _tools_end(self, task: Task, arrival_s: float) -> None:
        for call in task.calls:
            if call.fate == "waiting" and all(other.fate == "served" for other in call.waits_for):
                answered_s = max([arrival_s, *(other.answered_s for other in call.waits_for)])
                if answered_s + call.tool_s <= self.start_s:
                    call.request.fate = "pending"

    def _is_lost(self, task: Task) -> bool:
        """Its time is over, or a call of it cannot be computed alone any more, its own cache apart."""
        for call in task.calls:
            if call.fate in ("waiting", "pending") and self.node.slack_s(call.request, self.start_s) < 0:
                return True
            own = 0.0 if task.in_host else self._kv_bytes(self._prompt(call)[1])
            if call.fate == "pending" and not self._can_compute([call], own, 0.0):
                return True
        return False

    def _fail(self, task: Task) -> None:
        for call in task.calls:
            if call.fate in ("waiting", "pending"):
                call.request.fate = "expired"
                self.reward_terms["expired"] += self.scenario.reward.expired
        task.fate, task.cached_tokens, task.in_host = "failed", 0, False
        if task.served:
            self.reward_terms["task_failed"] += self.scenario.reward.task_failed
