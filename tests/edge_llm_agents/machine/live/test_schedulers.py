from __future__ import annotations

from typing import Any

import pytest

from edge_llm_agents.machine.decoder import TorchDecoder
from edge_llm_agents.machine.live.epochs import Epochs
from edge_llm_agents.machine.live.iterations import Iterations
from edge_llm_agents.machine.live.jobs import Event, Job, Outcome, Scheduler, wall_s
from edge_llm_env.engine.state import N_PREEMPTED
from edge_llm_env.scenarios import load_scenario
from tests.edge_llm_agents.machine.support import TINY, alone, with_blocks

EPOCHS = load_scenario(
    "carry-over", **{"epoch.visible_slots": 8, "workload.latency_requirement_s": {"low": 50, "high": 90}}
)

ITERATIONS = load_scenario(
    "chat-orin",
    **{
        "iterations.running_slots": 3,
        "epoch.visible_slots": 6,
        "iterations.classes": [{"name": "all", "ttft_s": 1e6, "tpot_s": 1e6}],
    },
)

PATIENT_S = 1e6


def decoder(slots: int) -> TorchDecoder:
    return TorchDecoder(TINY, slots=slots, positions=64)


def job(prompt: list[int], tokens: int, deadline_s: float = PATIENT_S) -> Job:
    return Job(prompt, tokens, deadline_s, 0.0, lambda event: None, arrival_s=wall_s())


def run(scheduler: Scheduler, jobs: list[Job]) -> dict[Job, list[Event]]:
    """Step until all have ended; waiting skips the time until there is something to do."""
    events: dict[Job, list[Event]] = {one: [] for one in jobs}
    skipped_s = 0.0
    while not all(one and isinstance(one[-1], Outcome) for one in events.values()):
        now_s = wall_s() + skipped_s
        stepped = scheduler.step(now_s)
        if isinstance(stepped, float):
            assert stepped < float("inf")
            skipped_s += max(0.0, stepped - now_s)
            continue
        for one, event in stepped:
            events[one].append(event)
    return events


JOBS = [([1 + i] * (2 + i), 1 + i % 4) for i in range(10)]


@pytest.mark.parametrize("policy", ["sjf", "batching-carry-over", "value-carry-over"])
def test_epochs_compute_what_each_would_get_alone(policy: str) -> None:
    scheduler, jobs = Epochs(EPOCHS, policy, decoder(8), 0), [job(*one) for one in JOBS]
    for one in jobs:
        scheduler.add(one)
    found = run(scheduler, jobs)
    assert [found[one][:-1] for one in jobs] == [alone(*one) for one in JOBS]
    assert {found[one][-1] for one in jobs} == {Outcome.COMPLETED}
    assert (scheduler.waiting, scheduler.running) == ([], 0)


def test_an_epoch_that_is_not_due_is_waited_for() -> None:
    scheduler, now_s = Epochs(EPOCHS, "fcfs", decoder(8), 0), wall_s()
    assert scheduler.step(now_s) == float("inf")
    first, second = job([1], 1), job([2], 1)
    scheduler.add(first)
    assert scheduler.step(now_s) == [(first, alone([1], 1)[0]), (first, Outcome.COMPLETED)]
    scheduler.add(second)
    due_s = scheduler.step(now_s)
    assert isinstance(due_s, float)
    assert now_s < due_s <= now_s + EPOCHS.epoch.epoch_s
    assert scheduler.step(due_s) == [(second, alone([2], 1)[0]), (second, Outcome.COMPLETED)]


def test_requests_without_time_for_an_epoch_are_left() -> None:
    scheduler = Epochs(EPOCHS, "fcfs", decoder(8), 0)
    short, patient = job([1], 1, deadline_s=EPOCHS.epoch.uplink_s), job([2], 1)
    scheduler.add(short)
    scheduler.add(patient)
    assert [one for one, _ in scheduler.step(wall_s())] == [patient, patient]  # type: ignore[union-attr]
    assert scheduler.waiting == [short]


@pytest.mark.parametrize("policy", ["static", "continuous-chat-orin"])
def test_iterations_compute_what_each_would_get_alone(policy: str) -> None:
    scheduler, jobs = Iterations(ITERATIONS, policy, decoder(3), 0, 16), [job(*one) for one in JOBS]
    for one in jobs:
        scheduler.add(one)
    found = run(scheduler, jobs)
    assert [found[one][:-1] for one in jobs] == [alone(*one) for one in JOBS]
    assert {found[one][-1] for one in jobs} == {Outcome.COMPLETED}
    assert (scheduler.waiting, scheduler.running) == ([], 0)


def test_who_is_preempted_goes_on_where_it_was() -> None:
    tight = with_blocks(load_scenario(ITERATIONS, **{"iterations.block_tokens": 4}), 12)
    scheduler = Iterations(tight, "vllm", decoder(3), 0, 16)
    jobs = [job([1 + i] * 6, 20) for i in range(4)]
    for one in jobs:
        scheduler.add(one)
    found = run(scheduler, jobs)
    assert [found[one][:-1] for one in jobs] == [alone([1 + i] * 6, 20) for i in range(4)]
    row: Any = scheduler._row
    assert row.state.counters[0, N_PREEMPTED] > 0


def test_a_scenario_that_swaps_to_host_memory_is_refused() -> None:
    swapping = load_scenario(ITERATIONS, **{"iterations.host_memory_bytes": 1e9})
    with pytest.raises(ValueError, match=r"iterations.host_memory_bytes = 1e\+09: must be 0 on a machine"):
        Iterations(swapping, "vllm", decoder(3), 0, 16)


@pytest.mark.parametrize("by", ["epochs", "iterations"])
def test_who_is_taken_away_frees_what_it_held(by: str) -> None:
    scheduler: Any = (
        Epochs(EPOCHS, "fcfs", decoder(8), 0) if by == "epochs" else Iterations(ITERATIONS, "vllm", decoder(3), 0, 16)
    )
    jobs = [job([1 + i], 6) for i in range(5)]
    for one in jobs[:4]:
        scheduler.add(one)
    scheduler.step(wall_s())
    running = next(one for one in jobs[:4] if one not in scheduler.waiting)
    scheduler.add(jobs[4])
    waiting = scheduler.waiting[-1]
    for one in (running, waiting):
        scheduler.remove(one)
    left = [one for one in jobs if one not in (running, waiting)]
    found = run(scheduler, left)
    assert {events[-1] for events in found.values()} == {Outcome.COMPLETED}
    assert (scheduler.waiting, scheduler.running, list(scheduler._decoder.held)) == ([], 0, [])
