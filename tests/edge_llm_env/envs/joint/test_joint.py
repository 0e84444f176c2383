"""`EdgeLLM/Joint-v0`, worked out by hand on four modules of `accuracy-tiers` (T_E = 4 s, T_U = T_D = 0.25 s)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env import Scenario
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.dynamics.state import SERVED
from tests.support.allocation import CAPPED, corner_actions, logits, started, tiers
from tests.support.helpers import workload_at

ENV = "EdgeLLM/Joint-v0"
Q = 6


def scenario_of(**overrides: Any) -> Scenario:
    """Bands in which 128 tokens need a quarter of T_U or T_D, and loading that takes no time worth mention."""
    capped = {name.replace(".", "__"): value for name, value in CAPPED.items()}
    return tiers(**({"node__storage_bandwidth_bytes_per_s": 1e12} | capped | overrides))


def action(env: Any, values: list[float], modules: list[float] | None = None) -> np.ndarray:
    """An action from the first values, the others declined, and the shares of the modules; as they are without."""
    padded = np.pad(np.array(values, dtype=float), (0, Q - len(values)), constant_values=-1.0)
    return np.concatenate([padded, np.zeros(3) if modules is None else logits(*modules)])


def served_by(env: Any, requests: int) -> list[int]:
    """The variant that served each of the first requests in the epoch that ended, -1 for none."""
    return (env.simulation.state.served_by[0, :requests] // GROUPS).tolist()


def test_length_of_actions():
    for split in ("fixed", "flexible"):
        env = started(ENV, scenario_of(epoch__split=split), workload_at([0.0]))
        assert env.action_space.shape == (Q + 3,)


def test_each_is_served_by_the_cheapest_variant_that_is_accurate_enough():
    env = started(ENV, scenario_of(), workload_at([0.0, 0.1, 0.2], accuracy_requirement=[0.2, 0.4, 0.8]))
    *_, info = env.step(action(env, [0.0] * 3))
    assert served_by(env, 3) == [0, 1, 2]
    assert (info["served"], info["not_admitted"]) == (3, 0)


def test_whom_the_cheapest_has_no_room_for_a_dearer_one_serves():
    """BLOOM-3B on one module: s = n = 128 takes 0.73 s, so four fit into T_C = 3.5 s; BLOOM-7.1B takes the fifth."""
    wide = {"radio__uplink_bits_per_token": 1000.0, "radio__downlink_bits_per_token": 1000.0}
    env = started(ENV, scenario_of(**wide), workload_at([0.0] * 5))
    env.step(action(env, [0.0] * 5, [0.25, 0.75, 0.0]))
    assert served_by(env, 5) == [0, 0, 0, 0, 1]


def test_values_choose_and_minus_one_declines():
    """The uplink carries four of five; the first is worth less than the others, and is declined."""
    for first in (-0.5, -1.0):
        env = started(ENV, scenario_of(), workload_at([0.0] * 5))
        *_, info = env.step(action(env, [first, 0.0, 0.0, 0.0, 0.0]))
        assert np.flatnonzero(env.simulation.state.status[0] == SERVED).tolist() == [1, 2, 3, 4]
        assert info["not_admitted"] == (first > -1.0)
        assert info["utilisation"]["uplink"] == pytest.approx(1.0)


def test_modules_load_while_requests_are_uploaded_and_the_longer_of_both_is_waited_for():
    """BLOOM-3B has the first of three modules; the others load it in 0.786 s. A request takes 0.0625 s of the whole
    uplink and downlink, and 0.73 s to compute on one module, 0.37 s on two. With least parts for both answers, 0.125 s
    each way, the first module is done 0.125 + 0.73 + 0.125 = 0.98 s after the start at 4 s, and the others 0.786 + 0.37
    + 0.125 = 1.28 s."""
    scenario = scenario_of(epoch__split="flexible", node__storage_bandwidth_bytes_per_s=3e9, node__modules=3)
    for latency_s, expected in ((1.30, [0, 0]), (1.26, [0, -1]), (0.84, [-1, -1])):
        env = started(ENV, scenario, workload_at([3.999, 3.999], latency_requirement_s=latency_s))
        env.step(action(env, [0.0, 0.0], [1.0, 0.0, 0.0]))
        assert served_by(env, 2) == expected


def test_a_dearer_variant_s_transfers_keep_a_cheaper_one_waiting_no_longer_than_it_can():
    """Both variants have all they need, but the parts are of one epoch: the first request must be done 0.5 s after the
    start, 0.37 s of them for computing on two modules of BLOOM-3B, so that transfers may take 0.13 s: its own 0.125 s,
    and not the second's, too."""
    scenario = scenario_of(epoch__split="flexible")
    requests = workload_at([3.999, 3.999], latency_requirement_s=[0.5, 50.0], accuracy_requirement=[0.0, 0.8])
    env = started(ENV, scenario, requests)
    env.step(action(env, [0.0, 0.0]))
    assert served_by(env, 2) == [0, -1]
    env = started(ENV, scenario, requests)
    env.step(action(env, [-1.0, 0.0]))
    assert served_by(env, 2) == [-1, 2]


def test_valid_actions_of_every_kind_never_raise():
    requests = workload_at(np.linspace(0.0, 60.0, 60), accuracy_requirement=np.linspace(0, 0.84, 60))
    for split in ("fixed", "flexible"):
        env = started(ENV, scenario_of(epoch__split=split), requests)
        for given in corner_actions(Q + 3):
            observation, *_ = env.step(given)
            assert np.isfinite(observation).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full(Q + 3, np.nan), r"action\[0\] = nan: every entry must be in -1..1"),
        (np.full(Q + 3, 1.5), r"action\[0\] = 1\.5: every entry must be in -1..1"),
        (np.zeros(Q + 5), r"action of shape \(11,\) and dtype float64: must be numbers of shape \(9,\)"),
        ("all", r"must be numbers of shape \(9,\)"),
    ],
)
def test_an_action_that_is_none_is_an_error_of_one_line(given: Any, message: str):
    with pytest.raises(ValueError, match=message):
        started(ENV, scenario_of(), workload_at([0.0])).step(given)
