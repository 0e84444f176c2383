"""A row that follows what is computed: where passes take what the model says, it is the simulated one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_agents.machine.planning.policies import OF_ITERATIONS, policy_on
from edge_llm_agents.machine.slots.row import LiveRow
from edge_llm_baselines.playing.play import play
from edge_llm_env.engine.state import COMPLETED, DROPPED, N_PREEMPTED, RUNNING
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.edge_llm_agents.machine.support import with_blocks

ROOMY = load_scenario(
    "chat-orin-overload",
    **{
        "iterations.running_slots": 8,
        "workload.prompt_tokens": [64, 512],
        "workload.output_tokens": [32, 64, 256],
        "workload.arrivals.rate_per_s": 1.5,
        "epoch.episode_epochs": 3,
    },
)

SCENARIO = with_blocks(ROOMY, 120)


def made(policy: str) -> tuple[Any, Any]:
    return policy_on(policy, SCENARIO, 0, OF_ITERATIONS)


@pytest.mark.parametrize("policy", ["vllm", "continuous-chat-orin-overload"])
def test_passes_that_take_what_the_model_says_make_the_simulated_episode(policy: str) -> None:
    env, deciding = made(policy)
    workload = draw_workloads(SCENARIO, 1, 5)[0]
    for _ in play(env, deciding, workloads=[workload]):
        pass
    simulation = env.unwrapped.simulation
    params, state = simulation.params, simulation.state
    preempted = int(state.counters[0, N_PREEMPTED])

    live, acting = made(policy)
    row = LiveRow(live, workload.requests)
    order = state.order[0, : workload.requests].tolist()
    ttft_s = params.class_ttft_s[state.service_class[0]]
    numbers: dict[int, int] = {}
    now_s, left, action, ends = 0.0, 0, 0, {}
    upcoming = 0
    while now_s < params.end_s:
        while upcoming < len(order) and state.visible_s[0, order[upcoming]] <= now_s:
            request = order[upcoming]
            latency_s = float(workload.latency_requirement_s[request])
            arrival_s = float(state.first_due_s[0, request] - ttft_s[request])
            number = row.put(
                int(workload.prompt_tokens[request]), int(workload.output_tokens[request]), latency_s, arrival_s
            )
            numbers[number], left, upcoming = request, 0, upcoming + 1
        if left == 0 or not row.goes_on(action):
            action, left = row.asked(acting, now_s), SCENARIO.iterations.most_iterations
        computed = row.next_pass(action)
        if not computed.tokens:
            now_s = state.visible_s[0, order[upcoming]] if upcoming < len(order) else params.end_s
            left = 0
            continue
        now_s += computed.predicted_s(params.time)
        left = 0 if row.done(computed, action, now_s) else left - 1
        for number in [one for one in numbers if row.state.status[0, one] in (COMPLETED, DROPPED)]:
            ends[numbers.pop(number)] = (
                int(row.state.status[0, number]),
                float(row.state.first_s[0, number]),
                float(row.state.last_s[0, number]),
            )
            row.let_go(number)
    done = {one: int(state.status[0, one]) for one in order if state.status[0, one] in (COMPLETED, DROPPED)}
    assert {one: end[0] for one, end in ends.items()} == done
    assert len(done) > 20
    completed = [one for one, status in done.items() if status == COMPLETED]
    for at, times_s in ((1, state.first_s), (2, state.last_s)):
        assert [ends[one][at] for one in completed] == pytest.approx(times_s[0, completed].tolist())
    assert int(row.state.counters[0, N_PREEMPTED]) == preempted
    if policy == "vllm":
        assert preempted > 0


def test_who_leaves_frees_blocks_slot_and_number() -> None:
    env, policy = made("vllm")
    row = LiveRow(env, room=12)
    blocks = int(row.state.free_blocks[0])
    numbers = [row.put(64, 32, 60.0, 0.0) for _ in range(12)]
    action = row.asked(policy, 0.0)
    assert len(row.running) == 8
    row.done(row.next_pass(action), action, 0.1)
    running, waiting = row.running[3], next(one for one in numbers if one not in row.running)
    before = row.state.status[0, numbers].copy()
    row.let_go(running)
    row.let_go(waiting)
    assert running not in row.running
    assert np.count_nonzero(before == RUNNING) == len(row.running) + 1
    for one in numbers:
        if one not in (running, waiting):
            row.let_go(one)
    assert row.running == []
    assert int(row.state.free_blocks[0]) == blocks
    assert int(row.state.requests[0]) == 0
    assert {row.put(64, 32, 60.0, 1.0) for _ in range(12)} == set(numbers)
