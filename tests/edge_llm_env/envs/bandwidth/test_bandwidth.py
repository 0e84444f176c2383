"""`EdgeLLM/Bandwidth-v0`, worked out by hand; see `tests.support.allocation.CAPPED` for what the bands carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env.dynamics.state import SERVED
from edge_llm_env.dynamics.values.batch import order_by_value
from edge_llm_env.envs.observation.features import slot_feature, split_further
from tests.support.allocation import banded, corner_actions, started
from tests.support.helpers import small_scenario, workload_at

ENV = "EdgeLLM/Bandwidth-v0"
Q = 6


def served(env: Any) -> list[int]:
    return np.flatnonzero(env.simulation.state.status[0] == SERVED).tolist()


def values(*first: float) -> np.ndarray:
    """An action from the entries of the first slots; the others are declined."""
    return np.pad(np.array(first, dtype=float), (0, Q - len(first)), constant_values=-1.0)


def test_zero_serves_as_many_as_the_bands_carry_shortest_first():
    """Uplink needs 1/2, 1/4, 1/4, 1/4 and 1/8 of the band: all but the first are 7/8."""
    env = started(ENV, banded(), workload_at(np.linspace(0, 0.4, 5), prompt_tokens=[256, 128, 128, 128, 64]))
    *_, info = env.step(np.zeros(Q))
    assert served(env) == [1, 2, 3, 4]
    assert info["not_admitted"] == 1
    assert info["utilisation"]["uplink"] == pytest.approx(7 / 8)
    assert info["utilisation"]["downlink"] == pytest.approx(1.0)


def test_between_equals_who_came_first_is_served():
    env = started(ENV, banded(), workload_at(np.linspace(0, 1, Q)))
    env.step(np.zeros(Q))
    assert served(env) == [0, 1, 2, 3]


@pytest.mark.parametrize("given", [values(1, 1, -1, 1, 1), values(0, 0, -1, -0.5, 0)])
def test_the_order_is_of_value_over_time_and_minus_one_declines(given: np.ndarray):
    """All need a quarter of the uplink; the third is declined though there is room for one more."""
    env = started(ENV, banded(), workload_at(np.linspace(0, 1, Q)))
    *_, info = env.step(given)
    assert served(env) == [0, 1, 3, 4]
    assert info["not_admitted"] == 0


def test_worth_twice_as_much_enters_before_half_the_time():
    """BLOOM-3B, T_U = T_D = 0.25 s: alone 128 and 128 tokens take 0.0625 + 0.0625 s of bands and t of computing, and
    256 and 256 tokens twice the bands and more than twice t. Worth that much more it comes first, worth less last."""
    requests = workload_at([0.0, 0.1], prompt_tokens=[128, 256], output_tokens=[128, 256])
    env = started(ENV, banded(), requests)
    state = env.simulation.state
    alone_s = 0.25 * (state.slot_uplink_share[0] + state.slot_downlink_share[0]) + state.slot_compute_s[0]
    ratio = alone_s[1] / alone_s[0]
    assert 2.0 < ratio < 2.1
    for worth, expected in ((0.999 * ratio, [0, 1]), (1.001 * ratio, [1, 0])):
        order, wanted = order_by_value(env.simulation.params, state, 0, values(1.0 / worth - 1.0, 0.0))
        assert (order.tolist(), wanted) == (expected, 2)


def test_a_request_of_little_slack_does_not_keep_many_others_out():
    """One with 0.15 s to compute, in which two fit; without it there are 1.5 s for six."""
    latency_s = [2.4] + [20.0] * 5
    requests = workload_at([1.75, 1.8, 1.8, 1.8, 1.8, 1.8], latency_requirement_s=latency_s)
    env = started(ENV, small_scenario(), requests)
    assert env.simulation.state.slot_slack_s[0, 0] == pytest.approx(1.65)
    tight = workload_at([1.75, 1.8, 1.8, 1.8, 1.8, 1.8], latency_requirement_s=[0.9] + [20.0] * 5)
    env = started(ENV, small_scenario(), tight)
    alone_s = env.simulation.state.slot_compute_s[0, 0]
    slack_s = env.simulation.state.slot_slack_s[0, 0]
    assert 2 * alone_s < slack_s < 5 * alone_s
    env.step(np.zeros(Q))
    assert served(env) == [1, 2, 3, 4, 5]
    env.reset(options={"workload": tight})
    env.step(values(1, *[-0.9] * 5))  # worth more than all five
    assert 0 in served(env)


def test_a_flexible_split_has_the_least_parts():
    """T_E = 2 s, and four requests need 0.0625 s of each whole band: a quarter of a second, an eighth of T_E."""
    env = started(ENV, banded(epoch__split="flexible"), workload_at(np.linspace(0, 0.3, 4)))
    *_, info = env.step(np.zeros(Q))
    assert info["served"] == 4
    assert info["utilisation"]["uplink"] == pytest.approx(0.125)
    assert info["utilisation"]["downlink"] == pytest.approx(0.125)


def test_a_dead_channel_carries_nothing():
    env = started(ENV, banded(), workload_at([0.0, 0.1], uplink_gain=[0.0, 1e-9]))
    *_, info = env.step(np.ones(Q))
    assert served(env) == [1]
    assert info["not_admitted"] == 1


def test_energy_is_that_of_the_batch():
    scenario = banded(reward__energy=-1.0)
    env = started(ENV, scenario, workload_at([0.0, 0.1]))
    *_, info = env.step(np.zeros(Q))
    assert info["energy_j"] > 0
    assert info["reward_terms"]["energy"] == pytest.approx(-info["energy_j"])


# --- what is seen


def test_shares_to_come_are_those_of_the_usual_channel_where_epochs_are_independent():
    """The first can wait for another epoch and the second cannot. In all epochs gains are far better than the usual
    at 100 m, 10^(-12.81)·0.1^(-3.76)."""
    scenario = small_scenario(radio__uplink_bits_per_token=40960.0)
    requests = workload_at([0.0, 0.1], latency_requirement_s=[10.0, 3.0])
    env = started(ENV, scenario, requests)
    observation = env._observation
    further = split_further(observation, env.mechanism.extent(scenario))[0]
    params = env.simulation.params
    usual = 10**-12.81 * 0.1**-3.76
    expected = 128 * 40960 / (params.uplink_s * 20e6 * np.log2(1.0 + params.uplink_snr * usual))
    assert further[0, 0] == pytest.approx(expected, rel=1e-6)
    assert further[1].tolist() == [1.0, 1.0]
    assert not further[2:].any()


def test_a_channel_that_never_changes_is_known_and_one_that_does_is_partly():
    """Users who stand still; and users at 0.015 m/s and 2 GHz, whose powers are correlated by J0(0.4·π)² after 2 s."""
    requests = workload_at([0.0], latency_requirement_s=5.9, uplink_gain=1e-10)
    seen = []
    for speed in (0.0, 0.015):
        fading = {"kind": "rayleigh", "user_speed_m_per_s": speed}
        scenario = small_scenario(radio__fading=fading, radio__uplink_bits_per_token=4096.0)
        env = started(ENV, scenario, requests)
        extent = env.mechanism.extent(scenario)
        now = slot_feature(env._observation, "uplink_share", extent)[0]
        seen.append((now, split_further(env._observation, extent)[0][0, 0], env.simulation.params))
    assert seen[0][1] == pytest.approx(seen[0][0], rel=1e-6)
    _, to_come, params = seen[1]
    usual = 10**-12.81 * 0.1**-3.76
    assert usual > 1e-10  # so the best that can be expected is after the epochs that keep least of the present
    assert params.least_correlated[0] == pytest.approx(0.6425**2, rel=2e-3)  # J0(0.4·π), of tables
    gain = usual + params.least_correlated[0] * (1e-10 - usual)
    expected = 128 * 4096 / (params.uplink_s * 20e6 * np.log2(1.0 + params.uplink_snr * gain))
    assert to_come == pytest.approx(expected, rel=1e-5)


# --- actions


def test_valid_actions_of_every_kind_never_raise():
    for split in ("fixed", "flexible"):
        env = started(ENV, banded(epoch__split=split), workload_at(np.linspace(0.0, 30.0, 60)))
        for given in corner_actions(Q):
            observation, *_ = env.step(given)
            assert np.isfinite(observation).all()


def test_an_unknown_form_of_an_action_is_an_error():
    with pytest.raises(ValueError, match="action = 'share': must be one of shares, values"):
        started(ENV, banded(), workload_at([0.0]), action="share")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full(Q, np.nan), r"action\[0\] = nan: every entry must be in -1..1"),
        (np.append(np.zeros(Q - 1), 1.0001), r"action\[5\] = 1\.0001: every entry must be in -1..1"),
        (np.append(np.zeros(Q - 1), -np.inf), r"action\[5\] = -inf"),
        (np.zeros(2 * Q), r"action of shape \(12,\) and dtype float64: must be numbers of shape \(6,\)"),
        (np.zeros(Q, dtype=bool), r"dtype bool: must be numbers"),
        (None, r"must be numbers of shape \(6,\)"),
    ],
)
def test_an_action_that_is_none_is_an_error_of_one_line(given: Any, message: str):
    env = started(ENV, banded(), workload_at([0.0]))
    with pytest.raises(ValueError, match=message) as raised:
        env.step(given)
    assert "\n" not in str(raised.value)
    assert env.simulation.counters(0)["epochs"] == 0
