"""What happens to requests, told by the environments on workloads written by hand.

In `carry-over`, epochs start at 2, 4, 6 … s, uplink and downlink take 0.25 s each and 1.5 s are left to compute.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_llm_env import Workload, draw_workload
from edge_llm_env.dynamics.channels import first_epoch
from edge_llm_env.dynamics.state import PENDING
from edge_llm_env.envs.observation.features import slot_feature
from tests.support.helpers import ALL_WEIGHTS, EPOCH_IDS, small_scenario, some_action, workload_at

Q = 6


@pytest.fixture(scope="module")
def env() -> gym.Env:
    return gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(), disable_env_checker=True)


def begin(env: gym.Env, workload: Workload) -> dict[str, Any]:
    return env.reset(options={"workload": workload})[1]


def dispatch(env: gym.Env) -> dict[str, Any]:
    return env.step(env.unwrapped.simulation.slots)[-1]


def counts(info: dict[str, Any], *names: str) -> tuple[int, ...]:
    return tuple(info[name] for name in names)


# --- arriving


def test_request_is_pending_from_the_epoch_that_starts_after_it_arrived(env: gym.Env):
    info = begin(env, workload_at([0.0, 1.999, 2.0, 2.001]))
    assert counts(info, "arrived", "pending") == (2, 2)
    assert counts(dispatch(env), "arrived", "pending") == (4, 4)


def test_requests_of_the_same_moment_all_arrive(env: gym.Env):
    assert begin(env, workload_at([1.0, 1.0, 1.0]))["arrived"] == 3


def test_episode_without_requests_runs_to_its_end(env: gym.Env):
    assert begin(env, workload_at([]))["action_mask"].tolist() == [False] * Q + [True]
    results = [env.step(Q) for _ in range(4)]
    assert [truncated for _, _, _, truncated, _ in results] == [False, False, False, True]
    assert {reward for _, reward, _, _, _ in results} == {0.0}


def test_accuracy_requirement_is_met_up_to_what_the_precision_offers():
    scenario = small_scenario(**{"node.precision": "w4a16-rtn"})
    offered = 1 / (1 + 1.28)
    env = gym.make("EdgeLLM/Batching-v0", scenario=scenario, disable_env_checker=True)
    info = begin(env, workload_at([1.0, 1.1, 1.2], accuracy_requirement=[0.0, offered, np.nextafter(offered, 1)]))
    assert counts(info, "arrived", "pending", "rejected") == (3, 2, 1)


def test_rejected_request_is_never_seen():
    scenario = small_scenario(**{"node.precision": "w4a16-rtn"})
    env = gym.make("EdgeLLM/Batching-v0", scenario=scenario, disable_env_checker=True)
    info = begin(env, workload_at([1.0, 1.1], accuracy_requirement=[1.0, 0.0], prompt_tokens=[128, 512]))
    assert info["action_mask"].tolist() == [True] + [False] * (Q - 1) + [True]
    assert env.unwrapped.simulation.state.slot_prompt_tokens[0, 0] == 512


# --- the channel


def shares_of_one_request(env: gym.Env, arrival_s: float) -> list[float]:
    """Uplink shares, epoch by epoch, of a request whose four fading blocks have ever better channels."""
    gains = [[1e-13, 1e-12, 1e-11, 1e-10]]
    observation, _ = env.reset(options={"workload": workload_at([arrival_s], uplink_gain=gains, downlink_gain=gains)})
    shares = []
    for _ in range(4):
        shares.append(env.unwrapped.simulation.state.slot_uplink_share[0, 0])
        assert slot_feature(observation, "uplink_share")[0] == pytest.approx(shares[-1], rel=1e-6)
        observation, *_ = env.step(Q)
    return shares


def test_channel_changes_from_epoch_to_epoch(env: gym.Env):
    shares = shares_of_one_request(env, 1.0)
    # 128 tokens of 32 bits in 0.25 s of 20 MHz; 0.1 W at gain 10^-13 over 10^-20.4 W/Hz · 20 MHz = 10^-14 / 10^-13.099
    assert shares[0] == pytest.approx(4096 / (0.25 * 20e6 * np.log2(1 + 10**-14 / (10**-20.4 * 20e6))), rel=1e-9)
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) == 4


@pytest.mark.parametrize("arrival_s", [0.0, 0.5, 1.0, 1.999])
def test_first_epoch_of_a_request_has_its_first_fading_block(env: gym.Env, arrival_s: float):
    """Also if it arrived exactly at an epoch boundary."""
    assert shares_of_one_request(env, arrival_s) == shares_of_one_request(env, 1.0)


def test_last_fading_block_stays(env: gym.Env):
    gains = [[1e-12, 1e-13]]
    begin(env, workload_at([1.0], uplink_gain=gains, downlink_gain=gains))
    shares = []
    for _ in range(3):
        shares.append(env.unwrapped.simulation.state.slot_uplink_share[0, 0])
        dispatch(env)
    assert shares[0] < shares[1] == shares[2]


@given(st.floats(0, 1e4), st.floats(0.01, 10))
@example(0.3, 0.1)
@example(0.6, 0.2)
@example(0.0, 2.0)
@example(4.0, 2.0)
def test_first_epoch_is_the_first_that_starts_after_the_arrival(arrival_s: float, epoch_s: float):
    first = first_epoch(arrival_s, epoch_s)
    assert first >= 1
    assert first * epoch_s > arrival_s
    assert first == 1 or (first - 1) * epoch_s <= arrival_s


@given(st.integers(1, 5000), st.floats(0.01, 10))
def test_first_epoch_of_an_arrival_at_an_epoch_start_is_the_next(epochs: int, epoch_s: float):
    assert first_epoch(epochs * epoch_s, epoch_s) == epochs + 1


def test_request_with_a_dead_channel_waits_for_a_better_one(env: gym.Env):
    gains = [[0.0, 1e-9]]
    info = begin(env, workload_at([1.0], uplink_gain=gains, downlink_gain=gains))
    assert counts(info, "pending", "expired") == (1, 0)
    assert not info["action_mask"][0]
    assert dispatch(env)["action_mask"][0]


# --- expiring


def alone_s(prompt_tokens: int = 128, output_tokens: int = 128) -> float:
    """Compute time of one request of BLOOM-3B at 16 bits on 20 modules of 1.33 TFLOP/s."""
    s, n = prompt_tokens, output_tokens
    per_token = 8 * 2560**2 + 4 * 2560 * 10240
    return 30 * (s * per_token + 4 * s**2 * 2560 + (n - 1) * (per_token + 4 * (s + n / 2) * 2560)) / (20 * 1.33e12)


@pytest.mark.parametrize(("margin_s", "expires"), [(1e-6, False), (-1e-6, True)])
def test_request_expires_exactly_when_it_can_no_longer_be_served_alone(env: gym.Env, margin_s: float, expires: bool):
    # In the epoch at 4 s: uplink, downlink and its own computing must end by arrival + τ.
    latency_s = (4 - 1.0) + 0.25 + 0.25 + alone_s() + margin_s
    assert counts(begin(env, workload_at([1.0], latency_requirement_s=latency_s)), "pending", "expired") == (1, 0)
    assert counts(dispatch(env), "pending", "expired") == ((0, 1) if expires else (1, 0))
    assert counts(dispatch(env), "pending", "expired") == (0, 1)


def test_request_that_came_with_a_hopeless_deadline_expires_in_its_first_epoch(env: gym.Env):
    assert counts(begin(env, workload_at([0.1], latency_requirement_s=0.5)), "arrived", "expired") == (1, 1)


def test_request_that_the_window_cannot_hold_expires_though_it_would_wait(env: gym.Env):
    assert alone_s(512, 30_000) > 1.5
    info = begin(env, workload_at([1.0], prompt_tokens=512, output_tokens=30_000, latency_requirement_s=1000.0))
    assert info["expired"] == 1


def test_request_that_the_memory_cannot_hold_expires():
    # 4.72 GB of weights and 0.0786 GB of cache for 256 tokens
    scenario = small_scenario(**{"node.memory_bytes_per_module": (4_718_592_000 + 4 * 30 * 2560 * 255) / 20})
    env = gym.make("EdgeLLM/Batching-v0", scenario=scenario, disable_env_checker=True)
    info = begin(env, workload_at([1.0, 1.1], output_tokens=[128, 127]))
    assert counts(info, "expired", "pending") == (1, 1)


def test_expiry_costs_its_weight_in_the_step_that_it_happens_in():
    env = gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(**ALL_WEIGHTS), disable_env_checker=True)
    env.reset(options={"workload": workload_at([1.0, 1.1], latency_requirement_s=[3.0, 100.0])})
    _, reward, _, _, info = env.step(Q)
    assert (reward, info["expired"]) == (-0.7, 1)
    _, reward, _, _, info = env.step(Q)
    assert (reward, info["expired"]) == (0.0, 1)


def test_reset_earns_nothing_for_what_expired_before_the_first_decision():
    env = gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(**ALL_WEIGHTS), disable_env_checker=True)
    _, info = env.reset(options={"workload": workload_at([0.1], latency_requirement_s=0.5)})
    assert info["expired"] == 1
    assert set(info["reward_terms"].values()) == {0.0}


# --- the visible slots


def test_first_come_is_first_seen(env: gym.Env):
    info = begin(env, workload_at([0.1, 0.2, 0.3, 0.4], prompt_tokens=[4, 3, 2, 1]))
    assert env.unwrapped.simulation.state.slot_prompt_tokens[0, :4].tolist() == [4, 3, 2, 1]
    assert info["action_mask"].tolist() == [True] * 4 + [False] * 2 + [True]


def test_requests_beyond_the_slots_are_counted_and_later_seen(env: gym.Env):
    info = begin(env, workload_at(np.linspace(0.1, 1.9, 2 * Q + 1)))
    assert counts(info, "pending", "beyond_visible") == (2 * Q + 1, Q + 1)
    for beyond_after in (1, 0, 0):
        while (admissible := np.flatnonzero(info["action_mask"][:-1])).size:
            *_, info = env.step(admissible[0])
        info = dispatch(env)
        assert info["beyond_visible"] == beyond_after
    assert counts(info, "served", "pending") == (2 * Q + 1, 0)


def test_slot_stays_empty_for_the_rest_of_the_epoch_when_its_request_is_admitted(env: gym.Env):
    begin(env, workload_at(np.linspace(0.1, 1.9, Q + 1)))
    *_, info = env.step(0)
    assert not info["action_mask"][0]
    assert counts(info, "pending", "beyond_visible") == (Q, 1)


# --- utilisation


def test_utilisation_is_that_of_the_batch_so_far_and_then_of_the_one_dispatched(env: gym.Env):
    begin(env, workload_at([1.0, 1.1]))
    *_, one = env.step(0)
    assert one["utilisation"]["compute"] == pytest.approx(alone_s() / 1.5, rel=1e-9)
    *_, two = env.step(1)
    assert two["utilisation"]["compute"] == pytest.approx(2 * alone_s() / 1.5, rel=1e-9)
    # 4.72 GB of weights and twice 256 tokens of cache, of 640 GB
    assert two["utilisation"]["memory"] == pytest.approx((4_718_592_000 + 2 * 307_200 * 256) / 640e9, rel=1e-9)
    assert dispatch(env)["utilisation"] == two["utilisation"]
    assert dispatch(env)["utilisation"] == {
        "uplink": 0.0,
        "downlink": 0.0,
        "memory": pytest.approx(4_718_592_000 / 640e9),
        "compute": 0.0,
    }


def test_mean_utilisation_is_over_the_batches_dispatched(env: gym.Env):
    simulation = env.unwrapped.simulation
    begin(env, workload_at([1.0, 1.1]))
    assert simulation.utilisation_mean().tolist() == [[0.0] * 4]
    used = []
    for admitted in (2, 0, 0):
        for slot in range(admitted):
            env.step(slot)
        used.append(list(dispatch(env)["utilisation"].values()))
    np.testing.assert_allclose(simulation.utilisation_mean()[0], np.mean(used, axis=0), rtol=1e-12)


# --- what always holds


SCENARIOS = {
    "plain": small_scenario(),
    "crowded": small_scenario(**{"workload.arrivals.rate_per_s": 12.0, "epoch.visible_slots": 3}),
    "picky": small_scenario("paper-opt-13b", **{"node.precision": "w4a16-rtn", "workload.arrivals.rate_per_s": 6.0}),
    "narrow": small_scenario(**{"radio.uplink_bandwidth_hz": 20e3}),
}
ENVS = {
    (env_id, name): gym.make(env_id, scenario=scenario, disable_env_checker=True)
    for env_id in EPOCH_IDS
    for name, scenario in SCENARIOS.items()
}


@pytest.mark.parametrize("env_id", EPOCH_IDS)
@settings(max_examples=200)
@given(name=st.sampled_from(sorted(SCENARIOS)), seed=st.integers(0, 2**31))
def test_every_arrival_is_served_expired_rejected_or_pending_at_every_step(env_id: str, name: str, seed: int):
    env = ENVS[env_id, name]
    rng = np.random.default_rng(seed)
    workload = draw_workload(SCENARIOS[name], rng)
    _, info = env.reset(options={"workload": workload})
    before = dict.fromkeys(("arrived", "served", "expired", "rejected", "epochs"), 0)
    truncated = False
    while not truncated:
        _, _, _, truncated, info = env.step(some_action(env, info, rng))
        assert info["arrived"] == info["served"] + info["expired"] + info["rejected"] + info["pending"]
        assert info["arrived"] == (workload.arrival_s < 2.0 * (info["epochs"] + 1)).sum()
        assert info["pending"] == (env.unwrapped.simulation.state.status[0] == PENDING).sum()
        assert 0 <= info["beyond_visible"] <= info["pending"]
        assert all(info[name] >= value for name, value in before.items())
        before = {name: info[name] for name in before}


@settings(max_examples=200)
@given(name=st.sampled_from(sorted(SCENARIOS)), seed=st.integers(0, 2**31))
def test_slot_that_is_closed_stays_closed_until_the_next_epoch(name: str, seed: int):
    env = ENVS["EdgeLLM/Batching-v0", name]
    rng = np.random.default_rng(seed)
    _, info = env.reset(seed=seed)
    truncated = False
    while not truncated:
        mask, epoch = info["action_mask"], info["epochs"]
        _, _, _, truncated, info = env.step(rng.choice(np.flatnonzero(mask)))
        assert info["epochs"] > epoch or not (info["action_mask"] & ~mask).any()
