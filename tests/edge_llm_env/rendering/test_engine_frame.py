"""What a viewer's frame says of an engine whose requests are on their own, against the engine's state."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from edge_llm_env import load_scenario
from edge_llm_env.engine.outlook import is_late, prefill_alone_s
from edge_llm_env.envs.continuous_batching.viewer.frame import Lane
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.support.calling import direct

SCENARIO = load_scenario("chat-orin-overload", **{"epoch.episode_epochs": 3})


def test_lanes_memory_and_slacks_are_those_of_the_engine() -> None:
    env = gym.make(CONTINUOUS_BATCHING, scenario=SCENARIO, render_mode="ansi", disable_env_checker=True).unwrapped
    _, info = env.reset(seed=3)
    state, params = env.simulation.state, env.simulation.params
    rng, truncated = np.random.default_rng(0), False
    admitted_s: dict[int, float] = {}
    seen = dict.fromkeys(("prompts", "decodes", "past", "waiting", "late"), 0)
    while not truncated:
        frame, now_s = env.viewer.frame(), float(state.now_s[0])
        running = state.running[0, : info["running"]].tolist()
        admitted_s = {one: admitted_s.get(one, now_s) for one in running}
        past, lanes = frame.lanes[: -len(running) or None], frame.lanes[len(frame.lanes) - len(running) :]
        assert frame.now_s == now_s
        assert [lane.request for lane in lanes] == running
        assert [lane.begins_s for lane in lanes] == [admitted_s[one] for one in running]
        assert all(now_s - frame.window_s <= lane.ends_s <= now_s for lane in past if running)
        for lane in lanes:
            assert lane.ends_s == now_s
            assert lane.service_class == state.service_class[0, lane.request]
            assert np.isinf(lane.first_token_s) == (state.generated[0, lane.request] == 0)
        assert frame.free_blocks == state.free_blocks[0]
        assert frame.memory[-1] == (now_s, 1.0 - state.free_blocks[0] / params.blocks)
        assert (frame.blocks, frame.beyond_visible) == (params.blocks, info["beyond_visible"])
        visible = min(int(state.in_slots[0]), params.waiting_slots)
        assert [one.request for one in frame.waiting] == state.waiting[0, :visible].tolist()
        for one in frame.waiting:
            begins_by_s = state.first_due_s[0, one.request] - direct(prefill_alone_s)(params, state, 0, one.request)
            assert np.isclose(one.slack_s, begins_by_s - now_s)
            assert one.is_late == direct(is_late)(params, state, 0, one.request)
            assert one.prompt_tokens == state.target[0, one.request]
            assert one.told_tokens == state.told_tokens[0, one.request]
        seen["prompts"] += sum(np.isinf(lane.first_token_s) for lane in lanes)
        seen["decodes"] += sum(np.isfinite(lane.first_token_s) for lane in lanes)
        seen["past"] += len(past) if running else 0
        seen["waiting"] += len(frame.waiting)
        seen["late"] += sum(one.is_late for one in frame.waiting)
        _, _, _, truncated, info = env.step(int(rng.choice(np.flatnonzero(info["action_mask"]))))
    assert min(seen.values()) > 10


def test_a_lane_ends_where_its_request_is_done() -> None:
    env = gym.make(CONTINUOUS_BATCHING, scenario=SCENARIO, render_mode="ansi", disable_env_checker=True).unwrapped
    _, info = env.reset(seed=3)
    state, rng, truncated = env.simulation.state, np.random.default_rng(0), False
    done: dict[int, Lane] = {}
    while not truncated:
        for lane in env.viewer.frame().lanes:
            if np.isfinite(state.last_s[0, lane.request]):
                done[lane.request] = lane
        _, _, _, truncated, info = env.step(int(rng.choice(np.flatnonzero(info["action_mask"]))))
    assert len(done) > 10
    for request, lane in done.items():
        assert lane.ends_s == state.last_s[0, request]
        assert lane.first_token_s == state.first_s[0, request]
        first_late = lane.first_token_s > state.first_due_s[0, request]
        allowed_s = (state.output_tokens[0, request] - 1) * state.tpot_s[0, request]
        assert lane.is_late == (first_late or lane.ends_s - lane.first_token_s > allowed_s)
