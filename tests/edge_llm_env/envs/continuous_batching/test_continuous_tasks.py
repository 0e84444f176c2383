"""Agent tasks in `EdgeLLM/ContinuousBatching-v0`, worked by hand, and what holds of every episode."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import ScenarioError, Workload, draw_workloads
from edge_llm_env.engine.params import block_bytes
from edge_llm_env.envs.observation.layout import names
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.inference.iteration import IterationCost, IterationCosts
from tests.support.helpers import workload_at
from tests.support.tasks import small_tasks

SLOTS, BATCH = 3, 2
PREEMPT, DROP, RUN = SLOTS, SLOTS + BATCH, 2 * SLOTS + BATCH
SETTINGS: dict[str, Any] = {
    "epoch__visible_slots": SLOTS,
    "epoch__episode_epochs": 20,
    "epoch__epoch_s": 2.0,
    "iterations__running_slots": BATCH,
    "iterations__prefill_budgets": [100, 1000],
    "iterations__block_tokens": 16,
    "radio__uplink_bits_per_token": 0.001,
    "radio__downlink_bits_per_token": 0.001,
    "reward__served": 0.1,
    "reward__task_failed": -1.0,
}


def make(**changes: Any) -> Any:
    """An environment whose passes take 0.5 s, 0.25 s more per decode and 0.01 s per token of a prompt."""
    scenario = small_tasks(**(SETTINGS | changes))
    cost = IterationCost(decode_pass=0.5, decode_sequence=0.25, prefill_pass=0.5, prefill_token=0.01)
    scenario.__dict__["iteration_costs"] = IterationCosts(cost, cost.scaled(8.0))
    return gym.make(CONTINUOUS_BATCHING, scenario=scenario, disable_env_checker=True).unwrapped


def chain(deadline_s: float) -> Workload:
    """Two calls: 50 tokens and an answer of 3, a tool of 4 s, 20 tokens more and an answer of 2."""
    plain = workload_at(
        [0.0, 0.0],
        prompt_tokens=[50, 20],
        output_tokens=[3, 2],
        latency_requirement_s=deadline_s,
        uplink_gain=1e30,
        downlink_gain=1e30,
    )
    return replace(
        plain,
        task=np.array([0, 0]),
        task_kind=np.array([0, 0]),
        predecessors=np.array([[0], [1]]),
        tool_s=np.array([0.0, 4.0]),
        context_tokens=np.array([0, 53]),
        kept_tokens=np.array([53, 0]),
    )


def test_a_chain_worked_by_hand() -> None:
    env = make(workload__tasks__kv_cache="keep")
    _, info = env.reset(options={"workload": chain(20.0)})
    state = env.simulation.state
    assert (info["arrived"], info["pending"], info["waiting"], info["calls_waiting"]) == (2, 2, 1, 1)
    assert (info["tasks_arrived"], info["tasks_running"]) == (1, 1)
    blocks = state.free_blocks[0]
    env.step(0)
    assert state.free_blocks[0] == blocks - 4  # 50 tokens
    env.step(RUN + 1)  # the prompt: 0.5 + 0.5 s
    assert state.now_s[0] == pytest.approx(1.0)
    _, reward, _, _, info = env.step(RUN)  # two decodes of 0.75 s
    assert state.now_s[0] == pytest.approx(2.5)
    assert (info["served"], info["tasks_completed"], reward) == (1, 0, pytest.approx(0.1))
    # Of 53 tokens 52 are computed, in four blocks that stay; the call that goes on from them waits for its tool.
    assert (state.cached_tokens[0, 0], state.kept_blocks[0], state.free_blocks[0]) == (52, 4, blocks - 4)
    assert (info["calls_waiting"], info["waiting"], info["running"]) == (1, 0, 0)
    _, _, _, _, info = env.step(RUN)
    assert state.now_s[0] == pytest.approx(6.5)
    assert (info["calls_waiting"], info["waiting"]) == (0, 1)
    _, _, _, _, info = env.step(0)
    # 73 tokens are in 5 blocks, of which the 52 of the cache fill 3 whole.
    assert (info["cached_tokens_reused"], state.cached[0, 1], state.free_blocks[0]) == (52, 52, blocks - 4 - 2)
    env.step(RUN + 1)  # 21 tokens: 0.5 + 0.21 s
    assert state.now_s[0] == pytest.approx(7.21)
    _, reward, _, _, info = env.step(RUN)
    assert state.now_s[0] == pytest.approx(7.96)
    assert (info["tasks_completed"], info["tasks_running"], reward) == (1, 0, pytest.approx(1.1))
    assert info["reward_terms"]["task_completed"] == 1.0
    assert (state.free_blocks[0], state.kept_blocks[0]) == (blocks, 0)
    assert info["tokens_computed"] == 50 + 3 + 21 + 2
    _, _, _, truncated, info = env.step(RUN)
    assert truncated
    assert info["percentiles"]["task_s"]["p50"] == pytest.approx(7.96)


@pytest.mark.parametrize(("deadline_s", "in_time"), [(7.97, True), (7.95, False)])
def test_a_task_is_paid_for_if_its_last_call_ends_by_the_deadline(deadline_s: float, in_time: bool) -> None:
    env = make(workload__tasks__kv_cache="keep", iterations__output_lengths="unknown")
    env.reset(options={"workload": chain(deadline_s)})
    for action in (0, RUN + 1, RUN, RUN, 0, RUN + 1):
        env.step(action)
    _, reward, _, _, info = env.step(RUN)
    assert (info["tasks_completed"], info["tasks_failed"], info["tasks_running"]) == (in_time, not in_time, 0)
    assert reward == pytest.approx(1.1 if in_time else -1.0)
    assert (info["calls_wasted"], info["expired"]) == ((0, 0) if in_time else (1, 1))


def test_without_its_cache_a_call_computes_its_whole_context() -> None:
    env = make(workload__tasks__kv_cache="drop")
    env.reset(options={"workload": chain(30.0)})
    for action in (0, RUN + 1, RUN, RUN, 0):
        _, _, _, _, info = env.step(action)
    assert (info["cached_tokens_reused"], env.simulation.state.kept_blocks[0]) == (0, 0)
    env.step(RUN + 1)  # 73 tokens
    assert env.simulation.state.now_s[0] == pytest.approx(6.5 + 0.5 + 0.73)


def test_a_cache_can_be_dropped_while_a_tool_runs_and_not_while_a_call_reads_it() -> None:
    env = make(workload__tasks__kv_cache="keep")
    env.reset(options={"workload": chain(30.0)})
    release, state = RUN + 3, env.simulation.state
    blocks = state.free_blocks[0]
    for action in (0, RUN + 1, RUN):
        _, _, _, _, info = env.step(action)
    assert np.flatnonzero(info["action_mask"][release:]).tolist() == [0]
    for action in (RUN, 0):
        _, _, _, _, info = env.step(action)
    assert not info["action_mask"][release:].any()
    env.reset(options={"workload": chain(30.0)})
    for action in (0, RUN + 1, RUN, RUN, release, 0):
        _, _, _, _, info = env.step(action)
    assert (info["cached_tokens_reused"], state.kept_blocks[0], state.free_blocks[0]) == (0, 0, blocks - 5)


def make_swapping(host_blocks: int, **changes: Any) -> Any:
    """An environment that swaps caches to a host with so many blocks, each moved in 0.1 s; none is kept on the node."""
    block = block_bytes(small_tasks(**SETTINGS))
    swaps = {
        "workload__tasks__kv_cache": "keep_or_swap",
        "workload__tasks__cache_share": 1e-9,
        "iterations__host_memory_bytes": (host_blocks + 0.5) * block,
        "iterations__host_link_bytes_per_s": 10.0 * block,
    }
    return make(**(swaps | changes))


def test_a_cache_that_is_swapped_is_moved_there_and_back_worked_by_hand() -> None:
    env = make_swapping(host_blocks=5)
    at = {name: place for place, name in enumerate(names(env.mechanism.observation, env.scenario))}
    env.reset(options={"workload": chain(20.0)})
    state = env.simulation.state
    blocks = state.free_blocks[0]
    for action in (0, RUN + 1, RUN):
        seen, _, _, _, info = env.step(action)
    # At 2.5 s the first call is answered, and the four blocks of 52 tokens leave for the host.
    assert state.now_s[0] == pytest.approx(2.5)
    assert (info["swapped"], state.free_blocks[0], state.kept_blocks[0], state.host_free[0]) == (1, blocks, 0, 1)
    assert not info["action_mask"][RUN + 3 :].any()
    assert seen[at["host_free"]] == pytest.approx(1 / 5)
    seen, _, _, _, info = env.step(RUN)  # 0.4 s to move them, within the 4 s of the tool
    assert (state.now_s[0], info["waiting"], seen[at["in_host[0]"]]) == (pytest.approx(6.5), 1, 1.0)
    assert seen[at["blocks[0]"]] == pytest.approx(6 / blocks)
    env.step(0)
    # They come back, and the call holds two more, as where they had stayed.
    assert (state.cached[0, 1], state.free_blocks[0], state.kept_blocks[0]) == (52, blocks - 4 - 2, 4)
    assert state.host_free[0] == 5
    env.step(RUN + 1)  # 0.4 s to move them, then 21 tokens: 0.5 + 0.21 s
    assert state.now_s[0] == pytest.approx(7.61)
    _, _, _, _, info = env.step(RUN)
    assert (state.now_s[0], info["tasks_completed"]) == (pytest.approx(8.36), 1)
    assert (info["cached_tokens_reused"], info["tokens_computed"]) == (52, 50 + 3 + 21 + 2)
    assert (state.free_blocks[0], state.host_free[0]) == (blocks, 5)


def test_a_cache_that_the_host_has_no_room_for_is_computed_anew() -> None:
    env = make_swapping(host_blocks=3)
    env.reset(options={"workload": chain(30.0)})
    for action in (0, RUN + 1, RUN, RUN, 0, RUN + 1):
        _, _, _, _, info = env.step(action)
    assert (info["swapped"], info["cached_tokens_reused"]) == (0, 0)
    assert env.simulation.state.now_s[0] == pytest.approx(6.5 + 0.5 + 0.73)


@pytest.mark.parametrize(("host_blocks", "swapped", "reused"), [(4, 1, 52), (3, 0, 0)])
def test_an_action_swaps_a_cache_where_the_host_has_room_and_else_drops_it(
    host_blocks: int, swapped: int, reused: int
) -> None:
    env = make_swapping(host_blocks, workload__tasks__cache_share=0.5)
    env.reset(options={"workload": chain(30.0)})
    for action in (0, RUN + 1, RUN):
        _, _, _, _, info = env.step(action)
    assert (info["swapped"], env.simulation.state.kept_blocks[0]) == (0, 4)
    for action in (RUN + 3, RUN, 0):
        _, _, _, _, info = env.step(action)
    assert (info["swapped"], info["cached_tokens_reused"]) == (swapped, reused)


def test_a_task_that_waits_for_its_tool_fails_at_its_deadline_and_its_cache_is_free() -> None:
    env = make(workload__tasks__kv_cache="keep")
    env.reset(options={"workload": chain(5.0)})
    blocks = env.simulation.state.free_blocks[0]
    for action in (0, RUN + 1, RUN):
        env.step(action)
    assert env.simulation.state.free_blocks[0] == blocks - 4
    _, reward, _, _, info = env.step(RUN)
    assert (info["tasks_failed"], info["expired"], info["pending"], info["calls_waiting"]) == (1, 1, 0, 0)
    assert (reward, info["reward_terms"]["task_failed"]) == (-1.0, -1.0)
    assert env.simulation.state.free_blocks[0] == blocks


def test_a_call_that_is_dropped_fails_its_task() -> None:
    env = make()
    _, info = env.reset(options={"workload": chain(1.6)})  # 50 tokens and two decodes take 2.5 s
    assert info["action_mask"][DROP]
    _, reward, _, _, info = env.step(DROP)
    assert (info["dropped"], info["tasks_failed"], info["expired"], info["pending"]) == (2, 1, 2, 0)
    assert reward == 0.0  # nothing of it was served


SWAPPING: dict[str, Any] = {
    "workload__tasks__kv_cache": "keep_or_swap",
    "workload__tasks__cache_share": 0.001,
    "iterations__host_memory_bytes": 3e8,
}


@pytest.mark.parametrize("changes", [{}, SWAPPING], ids=["kept", "swapped"])
def test_calls_and_tasks_are_conserved_at_every_step_and_blocks_come_back(changes: dict[str, Any]) -> None:
    scenario = small_tasks(epoch__episode_epochs=40, **changes)
    env = gym.make(CONTINUOUS_BATCHING, scenario=scenario, disable_env_checker=True).unwrapped
    rng = np.random.default_rng(0)
    for workload in draw_workloads(scenario, 2, seed=3):
        _, info = env.reset(options={"workload": workload})
        state, truncated = env.simulation.state, False
        while not truncated:
            assert info["arrived"] == info["served"] + info["expired"] + info["rejected"] + info["pending"]
            assert info["pending"] == sum(info[of] for of in ("uploading", "waiting", "running", "calls_waiting"))
            assert info["tasks_arrived"] == info["tasks_completed"] + info["tasks_failed"] + info["tasks_running"]
            running = state.running[0, : info["running"]]
            tokens = np.maximum(state.target[0, running], state.cached[0, running])
            held = -(-tokens // 16) - state.reused_tokens[0, running] // 16
            caches = -(-state.cached_tokens[0] // 16)
            kept, there = caches[~state.cache_in_host[0]].sum(), caches[state.cache_in_host[0]].sum()
            assert kept == state.kept_blocks[0]
            assert state.free_blocks[0] + held.sum() + kept == env.simulation.params.blocks
            there += (-(-state.cached[0, state.in_host[0]] // 16)).sum()
            assert state.host_free[0] + there == env.simulation.params.host_blocks
            action = int(rng.choice(np.flatnonzero(info["action_mask"])))
            _, reward, _, truncated, info = env.step(action)
            assert reward == pytest.approx(sum(info["reward_terms"].values()))
        assert info["tasks_completed"] > 5
        assert (info["swapped"] > 10) == (changes is SWAPPING)


def test_what_is_seen_of_tasks() -> None:
    env = make(workload__tasks__kv_cache="keep", workload__tasks__calls_left="known")
    found = names(env.mechanism.observation, env.scenario)
    assert env.observation_space.shape == (len(found),)
    at = {name: place for place, name in enumerate(found)}
    most, kinds = env.scenario.workload.tasks.most_calls, len(env.scenario.workload.tasks.kinds)
    seen, _ = env.reset(options={"workload": chain(20.0)})
    assert seen[at["kind[0]"]] == pytest.approx(1 / kinds)
    assert (seen[at["calls_done[0]"]], seen[at["calls_left[0]"]]) == (0.0, pytest.approx(2 / most))
    assert seen[at["tasks_running"]] == pytest.approx(1 / SLOTS)
    seen = env.step(0)[0]
    assert (seen[at["kind[0]"]], seen[at["running_kind[0]"]]) == (0.0, pytest.approx(1 / kinds))
    assert seen[at["task_slack[0]"]] == pytest.approx(20.0 / env.simulation.params.longest_ttft_s)
    for action in (RUN + 1, RUN, RUN):
        seen = env.step(action)[0]
    longest = env.scenario.workload.longest_prompt_tokens
    assert (seen[at["calls_done[0]"]], seen[at["cached[0]"]]) == (pytest.approx(1 / most), pytest.approx(52 / longest))
    assert seen[at["prompt[0]"]] == pytest.approx(21 / longest)
    assert seen[at["kept_blocks"]] == pytest.approx(4 / env.simulation.params.blocks)


@pytest.mark.parametrize(
    "changes",
    [{"iterations__soft_misses": 0.5}, {"iterations__classes": [{"name": "all", "ttft_s": 2.0, "tpot_s": 0.1}]}],
)
def test_objectives_of_requests_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match=r"iterations\.\w+: must be left out with workload\.tasks"):
        make(**changes)
