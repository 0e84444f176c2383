"""What a frame says of an epoch, beside what one works out by hand."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import BranchAndBound
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_env import load_scenario
from edge_llm_env.rendering.frames.frame import Counters, Fate, Frame, Module
from tests.support.allocation import logits
from tests.support.helpers import small_scenario, workload_at

# T_E = 2 s, T_U = T_D = 0.25 s; the first epoch is 2 to 4 s and sees what arrived before it
WORKLOAD = workload_at(
    [0.0, 0.5, 1.0, 1.5, 2.5],
    prompt_tokens=[128, 256, 128, 128, 128],
    output_tokens=[128, 128, 512, 128, 128],
    latency_requirement_s=[4.0, 9.0, 3.5, 5.0, 9.0],
)


def make(env_id: str, scenario: Any, **options: Any) -> Any:
    env = gym.make(env_id, scenario=scenario, render_mode="ansi")
    env.reset(options={"workload": WORKLOAD} if not options else None, **options)
    return env


def frame_of(env: Any) -> Frame:
    return env.unwrapped.viewer.frame()


def fates(frame: Frame) -> list[str]:
    return [str(one.fate) for one in frame.requests]


def test_first_frame_shows_the_epoch_that_begins():
    frame = frame_of(make("EdgeLLM/BatchSelection-v0", small_scenario()))
    assert (frame.environment, frame.scenario) == ("EdgeLLM/BatchSelection-v0", "carry-over")
    assert (frame.epoch, frame.epochs, frame.begins_s) == (1, 4, 2.0)
    assert frame.counters == Counters(arrived=4, served=0, expired=0, rejected=0, pending=4)
    # slack = arrival + requirement - 2 - 0.5
    assert [one.slack_s for one in frame.requests] == pytest.approx([1.5, 7.0, 2.0, 4.0])
    assert [(one.prompt_tokens, one.output_tokens) for one in frame.requests][:2] == [(128, 128), (256, 128)]
    # 2 s later the slack of request 0 would be -0.5 s and that of request 2 would be 0 s: too little for any batch
    assert fates(frame) == ["last chance", "waits", "last chance", "waits"]
    assert [used.fraction for used in frame.usage] == [0.0] * 4
    assert frame.score.served == frame.score.reference == ()


def test_frame_after_a_step_shows_the_epoch_that_it_ended():
    env = make("EdgeLLM/BatchSelection-v0", small_scenario())
    *_, info = env.step(np.array([1, 1, 0, 0, 0, 0]))
    frame = frame_of(env)
    assert (frame.epoch, frame.begins_s) == (1, 2.0)
    assert fates(frame) == ["served", "served", "expires", "waits"]
    assert frame.counters == Counters(arrived=5, served=2, expired=1, rejected=0, pending=2)
    compute_s = info["utilisation"]["compute"] * 1.5
    (computation,) = frame.timeline.computations
    assert (computation.begins_s, computation.ends_s) == pytest.approx((0.25, 0.25 + compute_s))
    assert computation.deadline_s == pytest.approx(0.25 + 1.5)
    assert computation.requests == 2
    assert frame.timeline.uplink == (0.0, 0.25, info["utilisation"]["uplink"])
    assert frame.timeline.downlink == (1.75, 2.0, info["utilisation"]["downlink"])
    assert frame.score == ((2,), (4,), "exact (as DFTSP)")  # all four fit one batch
    assert frame.score.lead == (-2,)
    env.step(np.zeros(6))
    assert [one.request for one in frame_of(env).requests] == [3, 4]
    assert frame_of(env).score.lead == (-2, -3)


def test_admission_shows_the_batch_so_far_and_dispatch_what_becomes_of_the_others():
    env = make("EdgeLLM/Batching-v0", small_scenario())
    env.step(0)
    assert fates(frame_of(env)) == ["served", "waits", "last chance", "waits"]
    assert frame_of(env).score.served == ()
    env.step(6)
    assert (frame_of(env).epoch, fates(frame_of(env))) == (1, ["served", "waits", "expires", "waits"])
    assert frame_of(env).score.served == (1,)
    env.step(0)
    assert (frame_of(env).epoch, fates(frame_of(env))) == (2, ["served", "last chance", "waits"])
    assert frame_of(env).score.served == (1,)


def test_requests_that_no_slot_shows_are_counted():
    frame = frame_of(make("EdgeLLM/BatchSelection-v0", small_scenario(epoch__visible_slots=3)))
    assert (len(frame.requests), frame.beyond_visible) == (3, 1)


def test_flexible_split_takes_what_a_batch_needs():
    env = make("EdgeLLM/BatchSelection-v0", small_scenario(epoch__split="flexible"))
    *_, info = env.step(np.array([1, 1, 0, 0, 0, 0]))
    uplink_s, downlink_s = (2.0 * info["utilisation"][band] for band in ("uplink", "downlink"))
    timeline = frame_of(env).timeline
    (computation,) = timeline.computations
    assert timeline.uplink == pytest.approx((0.0, uplink_s, 1.0))
    assert computation.begins_s == pytest.approx(uplink_s)
    assert timeline.downlink == pytest.approx((computation.ends_s, computation.ends_s + downlink_s, 1.0))
    assert timeline.downlink.ends_s == pytest.approx(2.0 * info["utilisation"]["compute"])
    # request 0 has all of 0 + 4 - 2 = 2 s, the downlink part included
    assert computation.deadline_s == pytest.approx(2.0 - downlink_s)


def test_least_parts_of_values_are_shown():
    env = make("EdgeLLM/Bandwidth-v0", small_scenario(epoch__split="flexible"))
    *_, info = env.step(np.zeros(6))
    assert info["served"] > 0
    timeline = frame_of(env).timeline
    assert timeline.uplink == pytest.approx((0.0, 2.0 * info["utilisation"]["uplink"], 1.0))


def test_split_that_an_action_sets_is_shown():
    env = make("Shares/Bandwidth-v0", small_scenario(epoch__split="flexible"))
    action = np.full(14, -1.0)
    action[[0, 6]] = 0.0  # half of each band for the first request
    action[12:] = (0.5 - 0.25) / (2.0 - 0.25), 0.0  # T_U = 0.5 s of 2 s, and T_D as it is, 0.25 s
    *_, info = env.step(action)
    assert info["served"] == 1
    timeline = frame_of(env).timeline
    assert timeline.uplink == pytest.approx((0.0, 0.5, 0.5))
    assert timeline.downlink.ends_s - timeline.downlink.begins_s == pytest.approx(0.25)
    assert timeline.downlink.band_used == pytest.approx(0.5)
    (computation,) = timeline.computations
    assert computation.ends_s + 0.25 == pytest.approx(2.0 * info["utilisation"]["compute"])


def test_modules_that_move_load_and_begin_later_than_those_that_serve_on():
    scenario = load_scenario("accuracy-tiers")
    env = make("EdgeLLM/Compute-v0", scenario, seed=1)
    assert frame_of(env).modules == tuple(Module(v, False) for v in (0, 0, 0, 0, 1, 1, 1, 2, 2, 2))
    env.step(logits(0.4, 0.1, 0.5))  # 4, 1 and 5 of 10 modules: two move from the second variant to the third
    frame = frame_of(env)
    assert sorted((one.variant, one.is_loading) for one in frame.modules) == (
        [(0, False)] * 4 + [(1, False)] + [(2, False)] * 3 + [(2, True)] * 2
    )
    names = [f"{one.decoder} {one.precision}" for one in scenario.variants]
    assert list(frame.variants) == names
    assert [one.name for one in frame.timeline.computations] == [*names, names[2]]
    load_s = scenario.variants[2].load_s
    assert load_s > scenario.epoch.uplink_s
    assert [one.loads_until_s for one in frame.timeline.computations] == pytest.approx([0.0, 0.0, 0.0, load_s])
    begins_s = scenario.epoch.uplink_s
    assert [one.begins_s for one in frame.timeline.computations] == pytest.approx([*[begins_s] * 3, load_s])


@pytest.mark.parametrize("env_id", ["EdgeLLM/Compute-v0", "EdgeLLM/Joint-v0", "Shares/Joint-v0"])
def test_variants_compute_as_long_as_the_environment_counts(env_id: str):
    """Its utilisation is the mean over the modules of the time that they compute, over the window."""
    scenario = load_scenario("accuracy-tiers")
    env = make(env_id, scenario, seed=2)
    env.action_space.seed(2)
    served = 0
    for _ in range(12):
        *_, info = env.step(env.action_space.sample())
        frame = frame_of(env)
        busy_s = sum(
            (one.ends_s - one.begins_s)
            * sum(
                (module.variant, module.is_loading) == (one.variant, one.loads_until_s > 0.0)
                for module in frame.modules
            )
            for one in frame.timeline.computations
        )
        window_s = scenario.epoch.compute_window_s
        assert busy_s / scenario.node.modules == pytest.approx(info["utilisation"]["compute"] * window_s, abs=1e-9)
        in_batches = [one for one in frame.requests if one.fate is Fate.SERVED]
        assert sum(one.requests for one in frame.timeline.computations) == len(in_batches) == info["served"] - served
        served = info["served"]
        for computation in frame.timeline.computations:
            if computation.requests:
                assert computation.deadline_s is not None
                assert computation.ends_s <= computation.deadline_s + 1e-6
    assert served > 0


def test_reference_serves_a_largest_batch_in_every_epoch_of_the_same_workload():
    scenario = small_scenario("bursty", epoch__visible_slots=64, epoch__episode_epochs=12)
    env = make("EdgeLLM/BatchSelection-v0", scenario, seed=5)
    policy = EpochPolicy(BranchAndBound(), env)
    observation = env.reset(seed=5)[0]
    for _ in range(12):
        observation, *_ = env.step(policy.predict(observation)[0])
    assert frame_of(env).score.lead == (0,) * 12


def test_reference_keeps_modules_even():
    env = make("EdgeLLM/Compute-v0", load_scenario("accuracy-tiers"), seed=3)
    for _ in range(8):
        env.step(np.array([0.4, 0.3, 0.3]))
    score = frame_of(env).score
    assert score.reference_name == "exact (even modules)"
    assert score.lead == (0,) * 8
    assert score.served[-1] > 0
