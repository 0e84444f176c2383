"""Agent tasks on an engine of iterations in plain Python, written from `docs/agents.md` and nothing else.

A task is one object with its calls. What is not of tasks is the engine of `plain_engine`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload
from tests.references.plain_engine import PlainEngine, Sequence


@dataclass(eq=False)
class Task:
    """A task: the cache that the node keeps of it, and how it stands."""

    kind: int
    deadline_s: float
    calls: list[Call] = field(default_factory=list)
    kept_tokens: int = 0
    kept_blocks: int = 0
    cache_in_host: bool = False
    computed: int = 0
    fate: str = "running"

    @property
    def answered(self) -> int:
        return sum(call.fate == "served" for call in self.calls)


@dataclass(eq=False)
class Call(Sequence):
    """A call: a sequence whose prompt holds its context."""

    task: Any = None
    context: int = 0
    goes_on_from: int = 0
    """Tokens that later calls continue."""
    waits_for: list[Call] = field(default_factory=list)
    tool_s: float = 0.0
    upload_s: float = 0.0
    from_cache: int = 0


class PlainTaskEngine(PlainEngine):
    """One episode of one workload of tasks."""

    def __init__(self, scenario: Scenario, workload: Workload, blocks: int) -> None:
        self.rule = scenario.workload.tasks
        self.tasks: list[Task] = []
        self.reused = self.computed = 0
        self.paid_completed = self.paid_failed = 0
        super().__init__(scenario, workload, blocks)

    def _sequence(self, workload: Workload, number: int) -> Call:
        plain = super()._sequence(workload, number)
        if int(workload.task[number]) == len(self.tasks):
            latency_s = float(workload.latency_requirement_s[number])
            self.tasks.append(Task(int(workload.task_kind[number]), plain.arrival_s + latency_s - plain.down_s))
        task = self.tasks[-1]
        context = int(workload.context_tokens[number])
        call = Call(**vars(plain))
        call.upload_s = plain.visible_s - plain.arrival_s
        call.task, call.context, call.goes_on_from = task, context, int(workload.kept_tokens[number])
        call.prompt = call.to_prefill = context + plain.prompt
        call.tool_s, call.first_due_s = float(workload.tool_s[number]), task.deadline_s
        place = len(task.calls)
        call.waits_for = [task.calls[place - int(back)] for back in workload.predecessors[number] if back]
        call.fate = "to come" if call.waits_for else "uploading"
        task.calls.append(call)
        return call

    def _begun_by_users(self) -> list[Sequence]:
        begun = [call for task in self.tasks for call in task.calls if not call.waits_for]
        for call in begun:
            call.visible_s = call.arrival_s + call.tool_s + call.upload_s
        return list(begun)

    def _own_blocks(self, one: Any, tokens: int) -> int:
        return self._blocks(tokens) - one.from_cache // self.settings.block_tokens

    def late(self, one: Sequence) -> bool:
        passes = one.output - one.generated if self.settings.output_lengths == "known" else 1
        at_s = self.now_s
        if not one.decodes:
            passes -= 1
            at_s += self.cost.of_pass(chunks=[(one.to_prefill - one.cached, one.cached, True)])
        return at_s + passes * (self.cost.decode_pass + self.cost.decode_sequence) > one.first_due_s

    def _is_slow(self, one: Sequence) -> bool:
        return self.now_s > one.first_due_s

    def _needed(self, one: Any) -> int:
        return super()._needed(one) + (one.task.kept_blocks if self._must_fetch(one) else 0)

    def _must_fetch(self, one: Any) -> bool:
        return one.task.cache_in_host and one.from_cache > 0

    def admit(self, slot: int) -> None:
        one: Any = self.front[slot]
        self.reused += one.from_cache
        if self._must_fetch(one):
            one.task.cache_in_host = False
            self.host_free += one.task.kept_blocks
            self.free -= one.task.kept_blocks
            self.to_transfer_s += one.task.kept_blocks * self.block_transfer_s
        super().admit(slot)
        self._fail_tasks()

    def preempt(self, slot: int) -> None:
        one: Any = self.running[slot]
        super().preempt(slot)
        if one.in_host:
            one.from_cache = 0
        self._fail_tasks()

    def drop(self, slot: int) -> None:
        super().drop(slot)
        self._fail_tasks()

    def run(self, budget: int) -> None:
        super().run(budget)
        self._fail_tasks()

    def _preempted(self, one: Any) -> None:
        self._offer(one)

    def _offer(self, call: Call) -> None:
        call.from_cache = call.cached = min(call.context, call.task.kept_tokens)

    def _completed(self, one: Any) -> None:
        task: Task = one.task
        self._count(task, one.prompt - one.from_cache + one.output)
        if one.fate != "served":
            return
        if task.answered == len(task.calls):
            task.fate = "completed"
            self.paid_completed += 1
            self._drop_cache(task)
            return
        self._keep(task, one)
        for call in task.calls:
            if call.fate == "to come" and all(other.fate == "served" for other in call.waits_for):
                call.fate = "expected"
                call.visible_s = self.now_s + one.down_s + call.tool_s + call.upload_s
                behind = [at for at, other in enumerate(self.ahead) if other.visible_s > call.visible_s]
                self.ahead.insert(behind[0] if behind else len(self.ahead), call)

    def _count(self, task: Task, tokens: int) -> None:
        task.computed += tokens
        self.computed += tokens

    def _keep(self, task: Task, one: Call) -> None:
        tokens = min(one.goes_on_from, one.prompt + one.output - 1)
        if tokens <= task.kept_tokens or self.rule.kv_cache == "drop":
            return
        others = sum(other.kept_blocks for other in self.tasks if other is not task and not other.cache_in_host)
        fits = others + self._blocks(tokens) <= self.rule.cache_share * self.blocks
        if self.rule.kv_cache == "keep" or fits:
            self._drop_cache(task)
            task.kept_tokens, task.kept_blocks = tokens, self._blocks(tokens)
            self.free -= task.kept_blocks
        elif self._may_swap(task, tokens):
            self._swap(task, tokens)
        self._offer_to(task)

    def _may_swap(self, task: Task, tokens: int) -> bool:
        room = self.host_free + (task.kept_blocks if task.cache_in_host else 0)
        return self.rule.kv_cache == "keep_or_swap" and self._blocks(tokens) <= room and not self._is_read(task)

    def _swap(self, task: Task, tokens: int) -> None:
        self._drop_cache(task)
        task.kept_tokens, task.kept_blocks, task.cache_in_host = tokens, self._blocks(tokens), True
        self.host_free -= task.kept_blocks
        self.to_transfer_s += task.kept_blocks * self.block_transfer_s
        self.swapped += 1

    def _offer_to(self, task: Task) -> None:
        for call in task.calls:
            if call.fate in ("to come", "expected", "uploading", "waiting") and not call.in_host:
                self._offer(call)

    def _drop_cache(self, task: Task) -> None:
        if task.cache_in_host:
            self.host_free += task.kept_blocks
        else:
            self.free += task.kept_blocks
        task.kept_tokens, task.kept_blocks, task.cache_in_host = 0, 0, False

    def _is_read(self, task: Task) -> bool:
        return any(call.fate == "running" and call.from_cache for call in task.calls)

    def _kept(self) -> list[Task]:
        """Tasks whose caches can be dropped, or swapped."""
        found = [task for task in self.tasks if task.kept_tokens and not task.cache_in_host and not self._is_read(task)]
        return found[: self.settings.running_slots]

    def open(self) -> tuple[list[bool], list[bool], list[bool], list[bool]]:
        """With the release of caches behind the budgets."""
        admit, preempt, drop, budgets = super().open()
        return admit, preempt, drop, budgets + [True] * len(self._kept())

    def release(self, slot: int) -> None:
        task = self._kept()[slot]
        if self._may_swap(task, task.kept_tokens):
            self._swap(task, task.kept_tokens)
        else:
            self._drop_cache(task)
            self._offer_to(task)
        self._fail_tasks()

    def _fail_tasks(self) -> None:
        """After every decision."""
        for task in self.tasks:
            arrived = task.calls[0].arrival_s <= self.now_s
            gone = any(call.fate in ("dropped", "rejected") for call in task.calls)
            if task.fate == "running" and arrived and (gone or self.now_s > task.deadline_s):
                self._fail(task)

    def _fail(self, task: Task) -> None:
        for call in task.calls:
            if call.fate not in ("to come", "expected", "uploading", "waiting", "running"):
                continue
            if call.fate == "running":
                self.running.remove(call)
                self.free += call.blocks
                self._count(task, call.cached - call.from_cache)
            for where in (self.ahead, self.front, self.behind):
                if call in where:
                    where.remove(call)
            self._give_up(call)
        self._fill()
        self._drop_cache(task)
        task.fate = "failed"
        self.paid_failed += task.answered > 0

    def counters(self) -> dict[str, int]:
        arrived = [task for task in self.tasks if task.calls[0].arrival_s <= self.now_s]
        calls = [call for task in arrived for call in task.calls]
        to_come = sum(call.fate in ("to come", "expected") for call in calls)
        failed = [task for task in arrived if task.fate == "failed"]
        counted = super().counters()
        return counted | {
            "pending": counted["pending"] + to_come,
            "tasks_arrived": len(arrived),
            "tasks_completed": sum(task.fate == "completed" for task in arrived),
            "tasks_failed": len(failed),
            "tasks_running": sum(task.fate == "running" for task in arrived),
            "calls_waiting": to_come,
            "calls_wasted": sum(task.answered for task in failed),
            "tokens_computed": self.computed,
            "tokens_wasted": sum(task.computed for task in failed),
            "cached_tokens_reused": self.reused,
        }

    def task_times_s(self) -> list[float]:
        """Of completed tasks, from arrival to the last token at the user."""
        return [
            max(call.last_s + call.down_s for call in task.calls if call.last_s is not None) - task.calls[0].arrival_s
            for task in self.tasks
            if task.fate == "completed"
        ]

    def percentiles(self) -> dict[str, dict[str, float]]:
        took_s = sorted(self.task_times_s())
        return {
            "task_s": {
                f"p{percent}": took_s[math.ceil(percent * len(took_s) / 100) - 1] if took_s else math.nan
                for percent in (50, 90, 99)
            }
        }
