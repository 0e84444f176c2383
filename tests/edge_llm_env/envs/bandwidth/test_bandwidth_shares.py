"""`EdgeLLM/Bandwidth-v0` with `action="shares"`, by hand; `tests.support.allocation.CAPPED` is what the bands carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env import Scenario, Workload
from edge_llm_env.dynamics.state import SERVED
from tests.support.allocation import banded, corner_actions, entries, started
from tests.support.helpers import workload_at

ENV = "EdgeLLM/Bandwidth-v0"
Q = 6


NOMINAL = 0.125
"""T_U and T_D of the scenarios here in units of T_E."""


def action(uplink: list[float], downlink: list[float], parts: list[float] | None = None) -> np.ndarray:
    """An action from the first shares of each band, and parts of T_E; the other slots get none."""
    padded = [np.pad(np.array(shares, dtype=float), (0, Q - len(shares))) for shares in (uplink, downlink)]
    split = [part / NOMINAL - 1.0 if part <= NOMINAL else (part - NOMINAL) / (1.0 - NOMINAL) for part in parts or []]
    return np.concatenate([entries(np.concatenate(padded)), split])


def granting(scenario: Scenario, workload: Workload) -> Any:
    """An environment whose actions grant bands, at the first decision on a workload."""
    return started(ENV, scenario, workload, action="shares")


def test_shares_that_suffice_exactly_serve_everyone():
    env = granting(banded(), workload_at([0.0, 0.1, 0.2, 0.3]))
    _, reward, _, _, info = env.step(action([0.25] * 4, [0.25] * 4))
    assert (reward, info["served"], info["not_admitted"]) == (4.0, 4, 0)
    assert info["utilisation"]["uplink"] == info["utilisation"]["downlink"] == 1.0


def test_a_share_a_little_too_small_fails_though_it_used_the_band():
    env = granting(banded(), workload_at([0.0, 0.1]))
    *_, info = env.step(action([0.25, 0.2499], [0.25, 0.25]))
    assert (info["served"], info["not_admitted"], info["pending"]) == (1, 1, 1)
    assert info["utilisation"]["uplink"] == pytest.approx(0.4999)


def test_an_answer_that_does_not_arrive_fails_too():
    env = granting(banded(), workload_at([0.0, 0.1], output_tokens=[128, 256]))
    *_, info = env.step(action([0.25, 0.25], [0.25, 0.25]))  # 256 tokens need half of the downlink
    assert (info["served"], info["not_admitted"]) == (1, 1)
    assert info["utilisation"]["downlink"] == 0.5


def test_a_request_that_is_granted_nothing_is_not_counted_as_failed():
    env = granting(banded(), workload_at([0.0, 0.1]))
    *_, info = env.step(action([0.25], [0.25]))
    assert (info["served"], info["not_admitted"], info["pending"]) == (1, 0, 1)


@pytest.mark.parametrize(("requests", "served"), [(4, 4), (5, 0)])
def test_shares_that_sum_to_more_than_one_are_scaled_onto_the_simplex(requests: int, served: int):
    """1 each: a quarter each for four, a fifth each for five, of whom nobody finishes."""
    env = granting(banded(), workload_at(np.linspace(0, 1, requests)))
    *_, info = env.step(action([1.0] * requests, [1.0] * requests))
    assert (info["served"], info["not_admitted"]) == (served, requests - served)
    assert info["utilisation"]["uplink"] == pytest.approx(1.0)


def test_each_band_is_scaled_by_itself():
    """Uplink 0.5 + 1.0 becomes 1/3 + 2/3; the downlink, 0.5 in all, stays: the first two need a quarter of each."""
    env = granting(banded(), workload_at([0.0, 0.1]))
    *_, info = env.step(action([0.5, 1.0], [0.25, 0.25]))
    assert info["served"] == 2
    assert info["utilisation"]["uplink"] == pytest.approx(1.0)
    assert info["utilisation"]["downlink"] == 0.5


def test_shares_of_empty_slots_count_for_nothing():
    env = granting(banded(), workload_at([0.0]))
    given = np.ones(2 * Q)
    given[[0, Q]] = entries(0.25)
    *_, info = env.step(given)
    assert (info["served"], info["not_admitted"]) == (1, 0)
    assert info["utilisation"]["uplink"] == 0.25


def test_a_dead_channel_carries_nothing():
    env = granting(banded(), workload_at([0.0, 0.1], uplink_gain=[0.0, 1e-9]))
    *_, info = env.step(action([0.75, 0.25], [0.25, 0.25]))
    assert (info["served"], info["not_admitted"]) == (1, 1)


# --- the flexible split: T_E = 2 s, and 128 tokens need 0.0625 s = 2 s · 0.03125 of a whole band

FLEXIBLE = {"epoch.split": "flexible"}


@pytest.mark.parametrize(
    ("parts", "served"), [([0.03125, 0.03125], 1), ([0.03124, 0.03125], 0), ([0.03125, 0.03124], 0), ([0.0, 0.5], 0)]
)
def test_parts_must_be_long_enough_for_the_transfers(parts: list[float], served: int):
    env = granting(banded(**FLEXIBLE), workload_at([0.0]))
    *_, info = env.step(action([1.0], [1.0], parts))
    assert (info["served"], info["not_admitted"]) == (served, 1 - served)
    assert info["utilisation"]["uplink"] == pytest.approx(parts[0])


def test_zero_is_the_scenario_s_split():
    """T_U = T_D = 0.25 s of 2 s."""
    env = granting(banded(**FLEXIBLE), workload_at([0.0]))
    given = np.append(action([1.0], [1.0]), [0.0, 0.0])
    assert env.mechanism.parts_s(env.simulation.params, given) == (0.25, 0.25)
    *_, info = env.step(given)
    assert info["served"] == 1
    assert info["utilisation"]["uplink"] == NOMINAL


def test_half_a_band_for_twice_as_long_carries_the_same():
    env = granting(banded(**FLEXIBLE), workload_at([0.0]))
    *_, info = env.step(action([0.5], [0.25], [0.0625, 0.125]))
    assert info["served"] == 1


def test_parts_that_sum_to_more_than_one_are_scaled_and_leave_nothing_to_compute_in():
    """1 and 1 become 1 s and 1 s of the 2 s: everything is carried, nobody is computed."""
    env = granting(banded(**FLEXIBLE), workload_at([0.0]))
    *_, info = env.step(action([1.0], [1.0], [1.0, 1.0]))
    assert (info["served"], info["not_admitted"]) == (0, 1)
    assert info["utilisation"]["uplink"] == pytest.approx(0.5)
    assert info["utilisation"]["compute"] == pytest.approx(1.0)


@pytest.mark.parametrize(("uplink_part", "served"), [(0.25, 1), (0.4, 0)])
def test_a_longer_part_takes_from_the_deadline(uplink_part: float, served: int):
    """Arrived at 1.9 s with τ = 1 s, it has 0.9 s after t = 2 s; parts take 0.5 + 0.25 s, or 0.8 + 0.25 s."""
    env = granting(banded(**FLEXIBLE), workload_at([1.9], latency_requirement_s=1.0))
    *_, info = env.step(action([1.0], [1.0], [uplink_part, 0.125]))
    assert info["served"] == served


# --- who is computed


@pytest.mark.parametrize(
    ("selection", "served"),
    [("exact", [1, 2, 3]), ("first_come_first_served", [0, 1]), ("earliest_deadline_first", [0, 3])],
)
def test_the_node_computes_whom_its_setting_says(selection: str, served: list[int]):
    """One long request and three short ones, where the window of 0.25 s holds three short ones, or the long and one.

    BLOOM-3B, 30 layers of width d = 2560 with f = 4d, on 26.6 TFLOP/s: the long one, s = n = 512, takes
    30·(24·512·d² + 4·512²·d + 511·(24·d² + 4·(512 + 256)·d)) FLOPs = 5.05 TFLOP, 0.19 s; a short one, s = n = 128,
    30·(24·128·d² + 4·128²·d + 127·(24·d² + 4·(128 + 64)·d)) FLOPs = 1.22 TFLOP, 0.046 s. By deadline the last comes
    first, then the long one. The bands, at 1000 bits per token, carry all.
    """
    scenario = banded(
        epoch__epoch_s=0.75,
        node__batch_selection=selection,
        radio__uplink_bits_per_token=1000.0,
        radio__downlink_bits_per_token=1000.0,
    )
    requests = workload_at(
        [0.0, 0.1, 0.2, 0.3],
        prompt_tokens=[512, 128, 128, 128],
        output_tokens=[512, 128, 128, 128],
        latency_requirement_s=[3.0, 4.0, 5.0, 2.0],
    )
    env = granting(scenario, requests)
    *_, info = env.step(action([0.25] * 4, [0.25] * 4))
    assert np.flatnonzero(env.simulation.state.status[0, :4] == SERVED).tolist() == served
    assert info["not_admitted"] == 4 - len(served)


# --- actions


def test_valid_actions_of_every_kind_never_raise():
    for split in ("fixed", "flexible"):
        env = granting(banded(epoch__split=split), workload_at(np.linspace(0.0, 30.0, 60)))
        for given in corner_actions(env.action_space.shape[0]):
            observation, *_ = env.step(given)
            assert np.isfinite(observation).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full(2 * Q, np.nan), r"action\[0\] = nan: every entry must be in -1..1"),
        (np.append(np.zeros(2 * Q - 1), 1.0001), r"action\[11\] = 1\.0001: every entry must be in -1..1"),
        (np.append(np.zeros(2 * Q - 1), -1.0001), r"action\[11\] = -1\.0001: every entry must be in -1..1"),
        (np.append(np.zeros(2 * Q - 1), np.inf), r"action\[11\] = inf"),
        (np.zeros(2 * Q + 2), r"action of shape \(14,\) and dtype float64: must be numbers of shape \(12,\)"),
        (np.zeros((1, 2 * Q)), r"action of shape \(1, 12\)"),
        (np.zeros(2 * Q, dtype=bool), r"dtype bool: must be numbers"),
        (np.zeros(2 * Q, dtype=complex), r"dtype complex128: must be numbers"),
        (["0.5"] * 2 * Q, r"must be numbers of shape \(12,\)"),
        (None, r"must be numbers of shape \(12,\)"),
        ([0.5, [0.5]], r"action .*must be numbers of shape \(12,\)"),
    ],
)
def test_an_action_that_is_none_is_an_error_of_one_line(given: Any, message: str):
    env = granting(banded(), workload_at([0.0]))
    with pytest.raises(ValueError, match=message) as raised:
        env.step(given)
    assert "\n" not in str(raised.value)
    assert env.simulation.counters(0)["epochs"] == 0
