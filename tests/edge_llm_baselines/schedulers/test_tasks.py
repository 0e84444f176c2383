"""Rules and the bound where an engine serves the calls of agent tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.iterations import OF_ITERATIONS
from edge_llm_baselines.schedulers.clairvoyant import tasks
from edge_llm_baselines.schedulers.clairvoyant.hindsight import hindsight_of_iterations
from edge_llm_baselines.schedulers.clairvoyant.search import schedule_in_hindsight
from edge_llm_baselines.schedulers.clairvoyant.tasks import most_completed, work_of_calls, work_of_tasks
from edge_llm_baselines.schedulers.orders import dropping
from edge_llm_baselines.schedulers.policy import Scheduler, SchedulerPolicy
from edge_llm_baselines.schedulers.suite import CHEAPEST, FEWEST_CALLS, OF_TASKS, SCHEDULERS
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.engine.actions import act, fits, release_action
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.rows.calls import TaskEngineSimulation
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.support.calling import direct
from tests.support.helpers import ROOFLINE
from tests.support.tasks import small_tasks

CROWDED: dict[str, Any] = {"epoch__episode_epochs": 15, "workload__arrivals__rate_per_s": 3.0}
HOST: dict[str, Any] = {"workload__tasks__cache_share": 0.001, "iterations__host_memory_bytes": 1e9}
SHORT_OF_MEMORY: dict[str, Any] = {name.replace(".", "__"): value for name, value in ROOFLINE.items()} | {
    "workload__tasks__kv_cache": "keep",
    "iterations__block_tokens": 8,
    "node__memory_bytes_per_module": 7.4e9,
    "workload__arrivals__rate_per_s": 3.0,
}
NUMBERS: dict[Scheduler, tuple[float, ...]] = {FEWEST_CALLS: (2048.0, 32.0, 1.0), CHEAPEST: (1.0, 0.5, 1.0)}


@pytest.mark.parametrize(
    "changes", [{}, {"workload__tasks__kv_cache": "keep_or_swap", **HOST}], ids=["kept", "swapped"]
)
def test_the_best_rule_the_schedule_and_the_bound_stand_in_order(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {"fewest-calls": OF_TASKS["fewest-calls"], "cheapest": SCHEDULERS["cheapest"]}
    monkeypatch.setattr(tasks, "schedulers_for", lambda scenario: both)
    monkeypatch.setattr(tasks, "tuned_numbers", lambda scheduler, scenario: NUMBERS[scheduler])
    scenario = small_tasks(**(CROWDED | changes))
    workloads = draw_workloads(scenario, 3)
    rules = [
        roll_out(
            lambda env, scheduler=scheduler: SchedulerPolicy(scheduler, NUMBERS[scheduler], env),  # type: ignore[misc]
            CONTINUOUS_BATCHING,
            scenario,
            workloads,
        ).served
        for _, scheduler in both.values()
    ]
    best = np.max(rules, axis=0)
    found = hindsight_of_iterations(scenario, workloads, moves=5)
    assert (best > 0).all()
    assert (best <= found.served).all()
    assert (found.served <= found.upper_bound).all()


def test_the_search_finds_a_better_schedule_than_the_rule() -> None:
    scenario = small_tasks(**SHORT_OF_MEMORY, epoch__episode_epochs=15)
    workload = draw_workloads(scenario, 2)[0]
    rule, found = (schedule_in_hindsight(scenario, workload, NUMBERS[FEWEST_CALLS], moves=moves) for moves in (0, 100))
    assert rule < found <= most_completed(scenario, workload)


def test_without_moves_the_schedule_is_that_of_the_rule() -> None:
    scenario = small_tasks(**CROWDED)
    for workload in draw_workloads(scenario, 2):
        rule = roll_out(
            lambda env: SchedulerPolicy(FEWEST_CALLS, NUMBERS[FEWEST_CALLS], env),
            CONTINUOUS_BATCHING,
            scenario,
            [workload],
        )
        assert schedule_in_hindsight(scenario, workload, NUMBERS[FEWEST_CALLS], moves=0) == rule.served[0]


def test_caches_are_dropped_while_a_call_lacks_blocks_and_not_otherwise() -> None:
    simulation, dropped, free = loaded(**SHORT_OF_MEMORY), 0, 0
    params, state = simulation.params, simulation.state
    release = direct(release_action)(params, 0)
    while state.now_s[0] < params.end_s:
        waiting = state.waiting[0, : min(params.waiting_slots, state.in_slots[0])].tolist()
        lacking = [one for one in waiting if not direct(fits)(params, state, 0, one)]
        unread = direct(dropping.largest_unread)(params, state, 0)
        action = direct(dropping.choose)(params, state, 0, np.array([2048.0, 32.0, 0.0]))
        assert (action >= release) == (len(lacking) > 0 and unread >= 0)
        dropped += action >= release
        free += len(lacking) == 0
        direct(act)(params, state, 0, action)
    assert dropped > 100
    assert free > 100


def loaded(**changes: Any) -> TaskEngineSimulation:
    scenario = small_tasks(**changes)
    simulation = TaskEngineSimulation(scenario, rows=1)
    simulation.load(0, draw_workloads(scenario, 1)[0])
    direct(begin_episode)(simulation.params, simulation.state, 0)
    return simulation


def test_the_least_work_of_a_call_is_its_new_tokens_and_its_answer() -> None:
    simulation = loaded()
    params, state, time = simulation.params, simulation.state, simulation.params.time
    work_s = work_of_calls(params, state, 0, mix=0.0)
    for call in range(0, int(state.requests[0]), 7):
        whole, context = int(state.prompt_tokens[0, call]), int(state.context_tokens[0, call])
        expected_s = time.prefill_sequence
        expected_s += sum(time.prefill_token + time.prefill_pair * (place + 0.5) for place in range(context, whole))
        each_s = time.decode_sequence + time.decode_pass / params.running_slots
        for tokens in range(1, int(state.output_tokens[0, call])):
            anew_s = time.prefill_token * (whole - context + tokens)
            expected_s += min(each_s + time.decode_context * (whole + tokens), anew_s)
        assert work_s[call] == pytest.approx(expected_s, rel=1e-9)


def test_a_task_whose_tools_alone_take_too_long_is_none_of_those_completed() -> None:
    simulation = loaded()
    params, state = simulation.params, simulation.state
    before = work_of_tasks(params, state, 0, mix=0.5)
    calls = np.flatnonzero(state.task_calls[0, : state.requests[0]] > 1)
    first = int(state.task_first[0, calls[0]])
    state.tool_s[0, first + 1] = 1000.0
    after = work_of_tasks(params, state, 0, mix=0.5)
    changed = np.flatnonzero(np.isinf(after.prefill_s) & ~np.isinf(before.prefill_s))
    assert len(changed) == 1


def test_the_index_is_for_tasks_alone() -> None:
    rules = OF_ITERATIONS.playable(small_tasks(), {})
    assert "fewest-calls" in rules
    assert "fewest-calls" not in OF_ITERATIONS.playable(load_scenario("chat-4090"), {})
