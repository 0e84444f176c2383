"""What an observation tells of the calls and caches of `ReferenceTasks`, in plain Python."""

from __future__ import annotations

from typing import Any

from tests.references.tasks.plain_tasks import Call, ReferenceTasks


def slots(tasks: ReferenceTasks) -> list[dict[str, float]]:
    """What an observation tells of each visible call that is still open, beside what it tells of requests."""
    shown: list[dict[str, Any]] = []
    most, longest = tasks.rule.most_calls, tasks.scenario.workload.longest_prompt_tokens
    for call in tasks.visible:
        task = tasks.task_of[id(call)]
        prompt, kept = tasks._prompt(call)
        alone_s = tasks._compute_s([call])
        slack_s = tasks.node.slack_s(call.request, tasks.start_s)
        shown.append(
            {
                "kind": (task.kind + 1) / len(tasks.rule.kinds),
                "calls_done": task.served / most,
                "cached": kept / longest,
                "calls_left": (len(task.calls) - task.served) / most,
                "prompt": prompt / longest,
                "compute": min(1.0, alone_s / tasks.node.window_s),
                "can_wait": float(alone_s <= slack_s - tasks.scenario.epoch.epoch_s),
                **{f"signal_{at}": number for at, number in enumerate(call.signal)},
                **({"in_host": float(task.in_host and kept > 0)} if tasks.rule.kv_cache == "keep_or_swap" else {}),
            }
            if call.fate == "pending"
            else {}
        )
    return shown


def kept_slots(tasks: ReferenceTasks) -> list[dict[str, float]]:
    """What it tells of each cache that can be freed."""
    most, longest = tasks.rule.most_calls, tasks.scenario.workload.longest_prompt_tokens
    longest_s = tasks.scenario.workload.latency_requirement_s.high
    shown = []
    for task in tasks.caches():
        asked = task.calls[0].request
        due_s = asked.arrival_s + asked.latency_requirement_s
        shown.append(
            {
                "kept": 1.0,
                "kept_slack": (due_s - tasks.start_s) / longest_s,
                "kept_waits": float(any(call.fate == "pending" for call in task.calls)),
                "kept_kind": (task.kind + 1) / len(tasks.rule.kinds),
                "kept_calls_done": task.served / most,
                "kept_cached": task.cached_tokens / longest,
                "kept_calls_left": (len(task.calls) - task.served) / most,
            }
        )
    return shown


def host(tasks: ReferenceTasks) -> dict[str, float]:
    """What it tells of the host, where caches are swapped."""
    if tasks.rule.kv_cache != "keep_or_swap":
        return {}
    free = 1.0 - tasks.swapped_bytes / tasks.scenario.iterations.host_memory_bytes
    return {"host_free": free, "moving": min(1.0, tasks.moving_s / tasks.node.window_s)}


def shown_so_far(tasks: ReferenceTasks, call: Call) -> list[list[float]]:
    """The signals of all calls of the task of a visible one that are or were visible."""
    return [one.signal for one in tasks.task_of[id(call)].calls if one.fate in ("served", "pending")]
