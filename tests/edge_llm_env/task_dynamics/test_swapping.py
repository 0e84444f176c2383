"""Caches of agent tasks that are swapped to a host, in epochs: worked by hand, conserved, and solved exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem, BranchAndBound, BruteForce
from edge_llm_env import Workload, draw_workloads
from edge_llm_env.envs.suite import BATCH_SELECTION
from tests.support.helpers import workload_at
from tests.support.tasks import small_tasks

TOKEN_BYTES = 4 * 30 * 2560
"""Keys and values of 16 bits: BLOOM-3B has 30 layers, 2560 wide."""

CACHE_BYTES = 53 * TOKEN_BYTES
"""That of the tasks below between their calls."""


def make(host_tokens: int, moved_in_s: float, **changes: Any) -> Any:
    """An environment with room for so many tokens on the host, 53 moved in such a time; the node keeps none."""
    settings = {
        "workload__tasks__kv_cache": "keep_or_swap",
        "workload__tasks__cache_share": 1e-9,
        "iterations__host_memory_bytes": (host_tokens + 0.5) * TOKEN_BYTES,
        "iterations__host_link_bytes_per_s": CACHE_BYTES / moved_in_s,
    }
    scenario = small_tasks(**(settings | changes))
    return gym.make(BATCH_SELECTION, scenario=scenario, disable_env_checker=True).unwrapped


def task(later_calls: int) -> Workload:
    """A call of 50 tokens and an answer of 3, then side by side some of 20 and 2 that go on from it, after 1 s."""
    calls = 1 + later_calls
    plain = workload_at(
        [0.0] * calls,
        prompt_tokens=[50] + [20] * later_calls,
        output_tokens=[3] + [2] * later_calls,
        latency_requirement_s=60.0,
        uplink_gain=1e30,
        downlink_gain=1e30,
    )
    return replace(
        plain,
        task=np.zeros(calls, dtype=int),
        task_kind=np.zeros(calls, dtype=int),
        predecessors=np.arange(calls)[:, None],
        tool_s=np.array([0.0] + [1.0] * later_calls),
        context_tokens=np.array([0] + [53] * later_calls),
        kept_tokens=np.array([53] + [0] * later_calls),
    )


def serve(env: Any, *slots: int) -> dict[str, Any]:
    """What is known after an epoch that serves the calls in those slots."""
    action = np.zeros(env.action_space.n, dtype=np.int8)
    action[list(slots)] = 1
    return env.step(action)[-1]


def test_a_cache_is_moved_there_and_back_worked_by_hand() -> None:
    kept = make(0, 1.0, workload__tasks__kv_cache="keep")
    swapped = make(53, 1.0)
    for env in (kept, swapped):
        env.reset(options={"workload": task(later_calls=1)})
        serve(env, 0)
    of_kept, state = kept.simulation.state, swapped.simulation.state
    assert (of_kept.kept_bytes[0], state.kept_bytes[0], state.swapped_bytes[0]) == (CACHE_BYTES, 0.0, CACHE_BYTES)
    # The next batch waits for the cache to leave, 1 s; then as much of an epoch is over, and it has left.
    assert (state.moving_s[0], swapped.simulation.rule(0).compute_s.base.constant) == (pytest.approx(1.0),) * 2
    for env in (kept, swapped):
        serve(env)
    assert (state.moving_s[0], state.visible[0]) == (0.0, 1)
    # The call takes a second more, in which the cache comes back, and its memory as where it had stayed.
    assert state.slot_compute_s[0, 0] == pytest.approx(of_kept.slot_compute_s[0, 0] + 1.0)
    assert state.slot_memory_bytes[0, 0] == of_kept.slot_memory_bytes[0, 0]
    assert (state.slot_returned_bytes[0, 0], state.slot_reused_tokens[0, 0]) == (CACHE_BYTES, 53)
    for env in (kept, swapped):
        info = serve(env, 0)
        assert (info["tasks_completed"], info["cached_tokens_reused"], info["tokens_computed"]) == (1, 53, 75)
    assert state.utilisation[0].tolist() == pytest.approx(
        [*of_kept.utilisation[0, :3], of_kept.utilisation[0, 3] + 1.0 / swapped.simulation.params.window_s]
    )
    assert (state.swapped_bytes[0], state.kept_bytes[0], state.moving_s[0]) == (0.0, 0.0, 0.0)


def test_calls_side_by_side_each_have_the_cache_for_themselves() -> None:
    env = make(53, 0.1)
    env.reset(options={"workload": task(later_calls=2)})
    serve(env, 0)
    serve(env)
    problem = BatchProblem.of_row(env.simulation)
    assert problem.candidates.memory_bytes.tolist() == [CACHE_BYTES, CACHE_BYTES]
    info = serve(env, 0, 1)
    assert (info["not_admitted"], info["tasks_completed"], info["cached_tokens_reused"]) == (0, 1, 106)


def test_a_cache_that_the_host_has_no_room_for_is_computed_anew() -> None:
    env = make(52, 1.0)
    env.reset(options={"workload": task(later_calls=1)})
    serve(env, 0)
    state = env.simulation.state
    assert (state.swapped_bytes[0], state.moving_s[0], state.cached_tokens[0].sum()) == (0.0, 0.0, 0)
    serve(env)
    info = serve(env, 0)
    assert (info["tasks_completed"], info["cached_tokens_reused"], info["tokens_computed"]) == (1, 0, 75 + 53)


def test_batches_wait_until_a_slow_link_has_moved_all() -> None:
    env = make(53, 5.0, workload__latency_requirement_s={"low": 8.0, "high": 90.0})
    env.reset(options={"workload": task(later_calls=1)})
    epoch_s, state = env.simulation.params.epoch_s, env.simulation.state
    serve(env, 0)
    for epoch in range(4):
        left_s = max(0.0, 5.0 - epoch * epoch_s)
        assert state.moving_s[0] == pytest.approx(left_s)
        problem = BatchProblem.of_row(env.simulation)
        assert not any(problem.is_feasible(one) for one in np.eye(len(problem), dtype=bool))
        serve(env)


@pytest.mark.parametrize(("host_tokens", "reused"), [(53, 53), (52, 0)])
def test_an_action_swaps_a_cache_where_the_host_has_room_and_else_drops_it(host_tokens: int, reused: int) -> None:
    env = make(host_tokens, 0.1, workload__tasks__cache_share=0.5, workload__tasks__drop_by_action=True)
    env.reset(options={"workload": task(later_calls=1)})
    serve(env, 0)
    state = env.simulation.state
    assert (state.in_kept[0], state.kept_bytes[0]) == (1, CACHE_BYTES)
    serve(env, env.simulation.slots)
    assert (state.in_kept[0], state.kept_bytes[0], state.swapped_bytes[0]) == (0, 0.0, reused * TOKEN_BYTES)
    assert serve(env, 0)["cached_tokens_reused"] == reused


TIGHT: dict[str, Any] = {
    "workload__tasks__kv_cache": "keep_or_swap",
    "workload__tasks__cache_share": 0.1,
    "workload__tasks__drop_by_action": True,
    "workload__arrivals__rate_per_s": 2.0,
    "iterations__host_memory_bytes": 5e8,
    "iterations__host_link_bytes_per_s": 5e8,
    "node__modules": 1,
    "node__memory_bytes_per_module": 6.3e9,
    "node__device": "rtx-4090",
    "epoch__episode_epochs": 20,
}


def test_bytes_are_conserved_at_every_step_and_solvers_stay_exact() -> None:
    """Whatever is kept is on the node or on the host, once; the largest batch is that of brute force."""
    scenario = small_tasks(**TIGHT)
    env = gym.make(BATCH_SELECTION, scenario=scenario, disable_env_checker=True).unwrapped
    rng, swapped, waited = np.random.default_rng(0), 0, 0
    for workload in draw_workloads(scenario, 2, seed=3):
        env.reset(options={"workload": workload})
        state, truncated = env.simulation.state, False
        while not truncated:
            cached, there = state.cached_tokens[0] * TOKEN_BYTES, state.cache_in_host[0]
            assert state.kept_bytes[0] == cached[~there].sum()
            assert state.swapped_bytes[0] == cached[there].sum() <= env.simulation.params.host_bytes
            assert not there[state.kept[0, : state.in_kept[0]]].any()
            problem = BatchProblem.of_row(env.simulation)
            most = BruteForce().solve(problem)
            assert DFTSP().solve(problem).value == BranchAndBound().solve(problem).value == most.value
            swapped += problem.candidates.memory_bytes.any()
            waited += state.moving_s[0] > 0.0
            action = (rng.random(env.action_space.n) < 0.3).astype(np.int8)
            action[: len(problem)] = most.selected
            *_, truncated, info = env.step(action)
        assert info["tasks_completed"] > 5
    assert swapped > 10
    assert waited > 10
