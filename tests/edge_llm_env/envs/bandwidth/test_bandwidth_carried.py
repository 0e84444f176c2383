"""`EdgeLLM/Bandwidth-v0` where uploads carry over: by hand, beside the reference, and what is conserved."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import Scenario, ScenarioError, draw_workload, load_scenario
from edge_llm_env.dynamics.state import EXPIRED, SERVED
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, SLOT_FEATURES, split_observation
from edge_llm_env.envs.observation.layout import names
from tests.references.plain_uploads import UploadSimulator
from tests.support.allocation import CAPPED, started
from tests.support.helpers import ALL_WEIGHTS, ENVIRONMENT_IDS, small_scenario, workload_at

ENV = "EdgeLLM/Bandwidth-v0"
Q = 6
TOKEN_BITS = CAPPED["radio.uplink_bits_per_token"]


def carried(**overrides: Any) -> Scenario:
    """`carry-over`, T_E = 2 s and T_U = 0.25 s, with an uplink of 512 tokens an epoch, and uploads that carry over."""
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return small_scenario(**(CAPPED | {"radio.transfers": "carried_over"} | dotted))


def sent_tokens(env: Any, count: int) -> list[float]:
    """Tokens that each of the first requests has sent."""
    return (env.simulation.state.sent_bits[0, :count] / TOKEN_BITS).tolist()


def status(env: Any, count: int) -> list[int]:
    return env.simulation.state.status[0, :count].tolist()


# --- by hand: an uplink of 512 tokens an epoch


def test_what_a_batch_leaves_goes_on_in_the_same_order_and_stays_sent():
    """128 + 256 tokens complete; of 400 the other 128 are sent, and the rest in the next epoch."""
    env = started(ENV, carried(), workload_at([0.0, 0.1, 0.2], prompt_tokens=[400, 128, 256]))
    *_, info = env.step(np.zeros(Q + 1))
    assert status(env, 3)[1:] == [SERVED, SERVED]
    assert sent_tokens(env, 3) == pytest.approx([128, 128, 256])
    assert info["utilisation"]["uplink"] == pytest.approx(1.0)
    assert env.simulation.state.slot_uplink_share[0, 0] == pytest.approx(272 / 512)
    *_, info = env.step(np.zeros(Q + 1))
    assert info["served"] == 3
    assert info["utilisation"]["uplink"] == pytest.approx(272 / 512)


def test_equal_values_go_by_what_is_left_to_send_however_long_it_computes():
    """256 tokens complete first though their 512 of output compute longest; of 300 the other 256 are sent."""
    env = started(ENV, carried(), workload_at([0.0, 0.1], prompt_tokens=[300, 256], output_tokens=[128, 512]))
    transfers_s = 0.25 * (env.simulation.state.slot_uplink_share[0] + env.simulation.state.slot_downlink_share[0])
    alone_s = transfers_s + env.simulation.state.slot_compute_s[0]
    assert alone_s[0] < alone_s[1]
    env.step(np.zeros(Q + 1))
    assert status(env, 2)[1] == SERVED
    assert sent_tokens(env, 2) == pytest.approx([256, 256])


def test_an_upload_of_several_epochs_is_computed_in_the_one_in_which_it_completes():
    """1,100 tokens: 512, 512 and 76. Within an epoch it would never be served."""
    requests = workload_at([0.0], prompt_tokens=1100)
    env = started(ENV, carried(), requests)
    served = [env.step(np.zeros(Q + 1))[-1]["served"] for _ in range(3)]
    assert served == [0, 0, 1]
    within = started(ENV, carried(radio__transfers="within_epoch"), requests)
    assert [within.step(np.zeros(Q))[-1]["served"] for _ in range(3)] == [0, 0, 0]


def test_an_upload_without_room_to_compute_keeps_its_last_token():
    """One module: alone each takes more than half the window, so one of two is computed, and both could be sent."""
    scenario = carried(node__modules=1)
    env = started(ENV, scenario, workload_at([0.0, 0.1], prompt_tokens=[128, 128]))
    compute_s = env.simulation.state.slot_compute_s[0, 0]
    assert 0.5 < compute_s / scenario.epoch.compute_window_s < 1.0
    env.step(np.zeros(Q + 1))
    assert status(env, 2)[0] == SERVED
    assert sent_tokens(env, 2) == pytest.approx([128, 127])


def test_the_split_keeps_uplink_from_the_batch_or_leaves_it_unused():
    """0: 256 complete, and 256 of 400 are sent. 0.75: the batch has 128 tokens of uplink, so nobody completes. -0.5:
    of the 256 tokens that the batch leaves half are used."""
    for split, served, sent in (
        (0.0, 1, [256, 256]),
        (0.75, 0, [255, 257]),
        (-0.5, 1, [256, 128]),
        (-1.0, 1, [256, 0]),
    ):
        env = started(ENV, carried(), workload_at([0.0, 0.1], prompt_tokens=[256, 400]))
        *_, info = env.step(np.array([0.0] * Q + [split]))
        assert info["served"] == served
        assert sent_tokens(env, 2) == pytest.approx(sent)


def test_who_is_declined_sends_nothing_and_who_expires_loses_what_was_sent():
    requests = workload_at([0.0, 0.1], prompt_tokens=[400, 400], latency_requirement_s=[5.0, 20.0])
    env = started(ENV, carried(), requests)
    env.step(np.array([-1.0, -0.5, *[-1.0] * (Q - 1)]))
    assert sent_tokens(env, 2) == pytest.approx([0, 400])
    env = started(ENV, carried(), workload_at([0.0], prompt_tokens=1200, latency_requirement_s=5.0))
    for _ in range(3):
        *_, info = env.step(np.zeros(Q + 1))
    assert status(env, 1) == [EXPIRED]
    assert info["served"] == 0


def test_shares_send_what_they_carry():
    """A quarter of the uplink is 128 tokens: one of 100 tokens completes, one of 400 has sent 128."""
    env = started(ENV, carried(), workload_at([0.0, 0.1], prompt_tokens=[100, 400]), action="shares")
    shares = np.full(2 * Q, -1.0)
    shares[[0, 1]] = -0.5
    shares[[Q, Q + 1]] = 0.0
    *_, info = env.step(shares)
    assert info["served"] == 1
    assert sent_tokens(env, 2) == pytest.approx([100, 128])


def test_with_a_flexible_split_others_lengthen_the_uplink_part():
    """2 s of uplink carry 4,096 tokens, and what the lone request's computation takes is not for sending."""
    env = started(
        ENV, carried(epoch__split="flexible", node__modules=99), workload_at([0, 0.1], prompt_tokens=[128, 8000])
    )
    state = env.simulation.state
    compute_s, downlink_s = state.slot_compute_s[0, 0], 2.0 * state.slot_downlink_share[0, 0]
    *_, info = env.step(np.zeros(Q + 1))
    assert status(env, 1) == [SERVED]
    assert sent_tokens(env, 2)[1] == pytest.approx((2.0 - compute_s - downlink_s) * 2048 - 128)
    assert info["utilisation"]["compute"] == pytest.approx(1.0)


@pytest.mark.parametrize("env_id", [one for one in ENVIRONMENT_IDS if one != ENV])
def test_other_environments_refuse_it_in_a_line(env_id: str):
    with pytest.raises(ScenarioError) as raised:
        gym.make(env_id, scenario="mobile-uplink")
    assert str(raised.value).startswith('scenario mobile-uplink: radio.transfers = "carried_over": must be')
    assert "\n" not in str(raised.value)


# --- beside the reference

SMALL = {"epoch.visible_slots": Q, "epoch.episode_epochs": 8, "node.modules": 10, "workload.arrivals.rate_per_s": 3.0}
FIRST_COME = {"node.batch_selection": "first_come_first_served"}
PLAYED = {
    "road": ("mobile-uplink", SMALL, "values"),
    "road, all rewards": ("mobile-uplink", SMALL | ALL_WEIGHTS, "values"),
    "road, table of rates": ("mobile-uplink", SMALL | {"radio.rate_model": "cqi"}, "values"),
    "road, flexible": ("mobile-uplink", SMALL | {"epoch.split": "flexible", "node.modules": 4}, "values"),
    "cell's edge": ("embedding-uplink-carried", SMALL, "values"),
    "cell's edge, flexible, padded": (
        "embedding-uplink-carried",
        SMALL | {"epoch.split": "flexible", "node.prompt_padding": "batch_max", "node.output_length": "batch_max"},
        "values",
    ),
    "road, shares": ("mobile-uplink", SMALL | FIRST_COME, "shares"),
    "cell's edge, shares": ("embedding-uplink-carried", SMALL | FIRST_COME, "shares"),
}


def assert_agree(env: Any, observation: np.ndarray, info: dict[str, Any], reference: UploadSimulator) -> None:
    counters = reference.counters()
    assert {name: info[name] for name in counters} == counters
    assert info["reward_terms"] == pytest.approx(reference.reward_terms, rel=1e-9, abs=1e-9)
    assert info["utilisation"] == pytest.approx(reference.utilisation, rel=1e-9, abs=1e-12)
    sent = [reference.sent_bits[index] for index in range(len(reference.sent_bits))]
    assert env.simulation.state.sent_bits[0, : len(sent)] == pytest.approx(sent, rel=1e-9, abs=1e-3)
    context, slots = split_observation(observation, env.mechanism.extent(env.scenario))
    expected_context = reference.context()
    np.testing.assert_allclose(context, [expected_context[feature.name] for feature in CONTEXT_FEATURES], atol=1e-6)
    for shown, expected in zip(slots, reference.slots(), strict=True):
        np.testing.assert_allclose(shown, [expected.get(feature.name, 0.0) for feature in SLOT_FEATURES], atol=1e-6)


def random_action(rng: np.random.Generator, form: str, length: int) -> np.ndarray:
    """Often with a few entries at -1, so that single requests get much."""
    action = rng.uniform(-1.0, 1.0, length)
    action[: length - 1][rng.random(length - 1) < rng.random()] = -1.0
    if form == "values" and rng.random() < 0.5:
        action[-1] = 0.0
    return action


@pytest.mark.parametrize("name", PLAYED)
def test_episode_is_that_of_the_reference(name: str):
    preset, overrides, form = PLAYED[name]
    scenario = load_scenario(preset, **overrides)
    served = 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        workload = draw_workload(scenario, rng)
        env = started(ENV, scenario, workload, action=form)
        reference = UploadSimulator(scenario, workload)
        truncated = False
        while not truncated:
            action = random_action(rng, form, env.action_space.shape[0])
            observation, reward, _, truncated, info = env.step(action)
            step = reference.step_values if form == "values" else reference.step_shares
            assert reward == pytest.approx(step(action.tolist()), rel=1e-9, abs=1e-9)
            assert_agree(env, observation, info, reference)
        served += info["served"]
    assert served > 10


@pytest.mark.parametrize("name", ["road", "road, flexible"])
def test_what_is_seen_of_uploads_is_what_the_reference_expects(name: str):
    preset, overrides, form = PLAYED[name]
    scenario = load_scenario(preset, **overrides)
    workload = draw_workload(scenario, np.random.default_rng(5))
    env = started(ENV, scenario, workload, action=form)
    reference = UploadSimulator(scenario, workload)
    entries = names(env.mechanism.observation, scenario)
    compared = 0
    for _ in range(5):
        observation, *_ = env.step(np.zeros(Q + 1))
        reference.step_values([0.0] * (Q + 1))
        seen = dict(zip(entries, observation.tolist(), strict=True))
        for slot, expected in enumerate(reference.uploads()):
            for feature, value in expected.items():
                assert seen[f"{feature}[{slot}]"] == pytest.approx(value, rel=1e-5, abs=1e-6), (feature, slot)
                compared += 0.0 < value < 1.0
    assert compared > 50


@pytest.mark.parametrize("name", PLAYED)
def test_bits_are_conserved(name: str):
    """What is sent fits the uplink, stays sent, and is the whole upload of whoever is served."""
    preset, overrides, form = PLAYED[name]
    scenario = load_scenario(preset, **overrides)
    rng = np.random.default_rng(9)
    env = started(ENV, scenario, draw_workload(scenario, rng), action=form)
    state, count = env.simulation.state, int(env.simulation.state.requests[0])
    whole = state.prompt_tokens[0, :count] * scenario.radio.uplink_bits_per_token
    truncated = False
    while not truncated:
        before, shown = state.sent_bits[0, :count].copy(), int(state.visible[0])
        requests, carries = state.slot_request[0, :shown].copy(), state.slot_uplink_bits[0, :shown].copy()
        *_, truncated, _ = env.step(random_action(rng, form, env.action_space.shape[0]))
        sent = state.sent_bits[0, :count] - before
        assert (sent >= 0).all()
        assert sent.sum() == pytest.approx(sent[requests].sum())
        assert (sent[requests] / carries).sum() <= 1.0 + 1e-8
        served = state.status[0, :count] == SERVED
        assert (state.sent_bits[0, :count][served] == whole[served]).all()
        rest = whole[~served] - state.sent_bits[0, :count][~served]
        assert (rest >= scenario.radio.uplink_bits_per_token * (1 - 1e-9)).all()
