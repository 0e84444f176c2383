"""`EdgeLLM/Joint-v0` with `action="shares"`, by hand on four modules of `accuracy-tiers` (T_E = 4 s)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env import Scenario, Workload
from edge_llm_env.dynamics.state import SERVED
from tests.support.allocation import CAPPED, corner_actions, entries, logits, started, tiers
from tests.support.helpers import workload_at

ENV = "EdgeLLM/Joint-v0"
Q = 6


def scenario_of(**overrides: Any) -> Scenario:
    """Bands in which 128 tokens need a quarter of T_U or T_D, and loading that takes no time worth mention."""
    capped = {name.replace(".", "__"): value for name, value in CAPPED.items()}
    return tiers(**({"node__storage_bandwidth_bytes_per_s": 1e12} | capped | overrides))


NOMINAL = 0.0625
"""T_U and T_D in units of T_E."""


def granting(scenario: Scenario, workload: Workload) -> Any:
    """An environment whose actions grant bands, at the first decision on a workload."""
    return started(ENV, scenario, workload, action="shares")


def action(
    env: Any,
    values: list[float],
    uplink: list[float],
    downlink: list[float],
    modules: list[float],
    parts: list[float] | None = None,
) -> np.ndarray:
    """An action from the first values and shares, the shares of the modules, and parts of T_E."""
    padded = [np.pad(np.array(part, dtype=float), (0, Q - len(part))) for part in (values, uplink, downlink)]
    split = [part / NOMINAL - 1.0 if part <= NOMINAL else (part - NOMINAL) / (1.0 - NOMINAL) for part in parts or []]
    return np.concatenate([entries(np.concatenate(padded)), split, logits(*modules)])


SMALLEST = [{"decoder": "bloom-3b", "precision": "w8a16", "perplexity_increase": 3.35}]


def served(env: Any) -> list[int]:
    return np.flatnonzero(env.simulation.state.status[0] == SERVED).tolist()


def test_lengths_of_actions():
    assert granting(scenario_of(), workload_at([0.0])).action_space.shape == (3 * Q + 3,)
    assert granting(scenario_of(epoch__split="flexible"), workload_at([0.0])).action_space.shape == (3 * Q + 2 + 3,)


def test_whoever_is_of_value_and_transferred_and_hosted_is_served():
    """Of five: no value; too small an uplink share; too small a downlink share; too much accuracy; and all is well."""
    env = granting(scenario_of(), workload_at([0.0, 0.1, 0.2, 0.3, 0.4], accuracy_requirement=[0, 0, 0, 0.4, 0]))
    given = action(env, [0, 1, 1, 1, 1], [0.2, 0.2, 0.25, 0.1, 0.25], [0.25, 0.25, 0.0, 0.25, 0.25], [1, 0, 0])
    *_, info = env.step(given)
    assert served(env) == [4]
    assert info["not_admitted"] == 4
    assert info["utilisation"]["uplink"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("values", "expected"), [([1.0, 0.4, 0.4], [0]), ([0.5, 1.0, 1.0], [1, 2]), ([1, 1, 1], [1, 2])]
)
def test_the_most_valuable_batch_is_computed(values: list[float], expected: list[int]):
    """BLOOM-3B on one module of 1.33 TFLOP/s, β = 0.8: s = n = 512 takes 5.05 TFLOP, 3.02 s; s = n = 128 takes
    0.73 s. In T_C = 3.5 s there is room for the long one alone, or for the two short ones."""
    requests = workload_at([0.0, 0.1, 0.2], prompt_tokens=[512, 128, 128], output_tokens=[512, 128, 128])
    one_module = {"node__modules": 1, "node__variants": SMALLEST}
    wide = {"radio__uplink_bits_per_token": 1000.0, "radio__downlink_bits_per_token": 1000.0}
    env = granting(scenario_of(**wide, **one_module), requests)
    env.step(action(env, values, [0.25] * 3, [0.25] * 3, [1.0]))
    assert served(env) == expected


def test_values_of_a_smaller_scale_mean_the_same():
    requests = workload_at([0.0, 0.1, 0.2], accuracy_requirement=0.3)
    for scale in (1.0, 1e-6):
        env = granting(scenario_of(), requests)
        env.step(action(env, [scale] * 3, [0.25] * 3, [0.25] * 3, [0.0, 1.0, 0.0]))
        assert served(env) == [0, 1, 2]


def test_modules_load_while_requests_are_uploaded_and_the_longer_of_both_is_waited_for():
    """BLOOM-3B comes to all four modules in 0.786 s. The requests take 0.0625 s of the whole uplink and downlink, and
    0.8·1.22 TFLOP / 5.32 TFLOP/s = 0.184 s to compute. With T_U = 0.0625 s the answer is there 0.786 + 0.184 + 0.0625 =
    1.03 s after the start at 8 s; with T_U = 0.8 s after 0.8 + 0.184 + 0.0625 = 1.05 s. The epoch before moves all
    modules to another variant."""
    scenario = scenario_of(epoch__split="flexible", node__storage_bandwidth_bytes_per_s=3e9)
    for latency_s, uplink_s, expected in ((1.04, 0.0625, [0]), (1.03, 0.0625, []), (1.05, 0.8, [0]), (1.04, 0.8, [])):
        env = granting(scenario, workload_at([7.999], latency_requirement_s=latency_s))
        env.step(action(env, [], [], [], [0, 0, 1], [0.0625 / 4, 0.0625 / 4]))
        env.step(action(env, [1], [1], [1], [1, 0, 0], [uplink_s / 4, 0.0625 / 4]))
        assert served(env) == expected, (latency_s, uplink_s)


def test_modules_that_have_loaded_serve_while_others_load():
    """BLOOM-3B has two of the four modules, and the others load it in 0.786 s. The two compute the request in 0.8·1.22
    TFLOP / 2.66 TFLOP/s = 0.367 s, so that the answer is there 0.0625 + 0.367 + 0.0625 = 0.49 s after the start."""
    scenario = scenario_of(epoch__split="flexible", node__storage_bandwidth_bytes_per_s=3e9)
    for latency_s, expected in ((0.50, [0]), (0.48, [])):
        env = granting(scenario, workload_at([3.999], latency_requirement_s=latency_s))
        env.step(action(env, [1], [1], [1], [1, 0, 0], [0.0625 / 4, 0.0625 / 4]))
        assert served(env) == expected, latency_s


def test_what_is_not_transferred_is_not_computed_though_there_is_room():
    env = granting(scenario_of(), workload_at([0.0]))
    *_, info = env.step(action(env, [1], [0], [1], [1, 0, 0]))
    assert (info["served"], info["not_admitted"]) == (0, 1)
    *_, info = env.step(action(env, [1], [1], [1], [1, 0, 0]))
    assert (info["served"], info["not_admitted"]) == (1, 0)


def test_valid_actions_of_every_kind_never_raise():
    requests = workload_at(np.linspace(0.0, 60.0, 60), accuracy_requirement=np.linspace(0, 0.84, 60))
    for split in ("fixed", "flexible"):
        env = granting(scenario_of(epoch__split=split), requests)
        for given in corner_actions(env.action_space.shape[0]):
            observation, *_ = env.step(given)
            assert np.isfinite(observation).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full(3 * Q + 3, np.nan), r"action\[0\] = nan: every entry must be in -1..1"),
        (np.full(3 * Q + 3, 1.5), r"action\[0\] = 1\.5: every entry must be in -1..1"),
        (np.zeros(3 * Q + 5), r"action of shape \(23,\) and dtype float64: must be numbers of shape \(21,\)"),
        ("all", r"must be numbers of shape \(21,\)"),
    ],
)
def test_an_action_that_is_none_is_an_error_of_one_line(given: Any, message: str):
    with pytest.raises(ValueError, match=message):
        granting(scenario_of(), workload_at([0.0])).step(given)
