"""Who is computed by which variant, on four modules of `accuracy-tiers`, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env import Workload
from edge_llm_env.dynamics.cascade import (
    NOBODY,
    SETTLED,
    SHARES,
    TIMES,
    batch_served,
    cascade,
    share_of,
    use_of_variants,
)
from edge_llm_env.dynamics.modules import GROUPS, move_modules
from edge_llm_env.dynamics.params import rule_of
from tests.support.allocation import CAPPED, started, tiers
from tests.support.helpers import workload_at

BANDS = {name.replace(".", "__"): value for name, value in CAPPED.items()}
WIDE = {"radio__uplink_bits_per_token": 1.0, "radio__downlink_bits_per_token": 1.0}


def served_by(
    requests: Workload,
    counts: list[int],
    *,
    transfers: int = SHARES,
    values: Any = None,
    delays_s: Any = (0.0, 0.0, 0.0),
    window_s: float | None = None,
    **overrides: Any,
) -> list[int]:
    """The variant of each request in the first epoch; each variant's modules load for so long after the uplink."""
    env = started("EdgeLLM/Joint-v0", tiers(**(WIDE | overrides)), requests)
    made = env.simulation
    rule = rule_of(made.params)
    worth = np.ones(made.state.visible[0]) if values is None else np.asarray(values, dtype=float)
    window_s = rule.window_s if window_s is None else window_s
    sizes, of_groups_s = np.zeros(3 * GROUPS, dtype=np.int64), np.repeat(delays_s, GROUPS)
    sizes[::GROUPS] = counts
    server = cascade(rule, made.params, made.state, 0, worth, sizes, of_groups_s, window_s, 0.0, transfers)
    return (server // GROUPS).tolist()


def test_the_cheapest_variant_that_is_accurate_enough_serves():
    assert served_by(workload_at([0.0, 0.1, 0.2], accuracy_requirement=[0.2, 0.4, 0.8]), [2, 1, 1]) == [0, 1, 2]


def test_a_variant_without_modules_serves_nobody():
    assert served_by(workload_at([0.0, 0.1, 0.2], accuracy_requirement=[0.2, 0.4, 0.8]), [0, 4, 0]) == [1, 1, NOBODY]


def test_who_finds_no_room_goes_to_a_dearer_variant():
    """BLOOM-3B on one module takes 0.73 s for 128 + 128 tokens, BLOOM-7.1B on two 0.93 s: four fit 3.5 s of the one and
    three of the other. Seven are seven; of eight, one is left."""
    assert sorted(served_by(workload_at(np.zeros(7)), [1, 2, 0], epoch__visible_slots=8)) == [0] * 4 + [1] * 3
    assert (
        sorted(served_by(workload_at(np.zeros(8)), [1, 2, 0], epoch__visible_slots=8)) == [NOBODY] + [0] * 4 + [1] * 3
    )


def test_a_variant_that_loads_has_less_time():
    """In 3.5 s BLOOM-3B on one module computes four short requests, after 1 s three, after 3.5 s nobody."""
    for delay_s, most in ((0.0, 4), (1.0, 3), (2.8, 0), (3.5, 0), (9.0, 0)):
        served = served_by(workload_at(np.zeros(6)), [1, 0, 0], delays_s=(delay_s, 0.0, 0.0))
        assert served.count(0) == most


def test_loading_counts_against_deadlines():
    """Slack is 1.9 + τ - 4 - 0.5 s."""
    requests = workload_at([1.9, 1.9], latency_requirement_s=[3.6, 100.0])  # slack of 1 s, and 0.73 s to compute
    assert sorted(served_by(requests, [1, 0, 0])) == [NOBODY, 0]  # both take longer than the first can wait
    assert served_by(requests, [1, 0, 0], delays_s=(0.5, 0.0, 0.0)) == [NOBODY, 0]


def test_a_request_without_value_is_left_out():
    assert served_by(workload_at([0.0, 0.1, 0.2]), [2, 1, 1], values=[1.0, 0.0, 0.5]) == [0, NOBODY, 0]


def test_bands_that_cheaper_variants_use_are_gone_for_dearer_ones():
    """Each needs a quarter; 0.8 of accuracy is OPT-13B's, which computes after BLOOM-3B has taken three quarters."""
    requests = workload_at(np.zeros(5), accuracy_requirement=[0.8, 0.8, 0.0, 0.0, 0.0])
    fast = BANDS | {"node__modules": 40}
    assert sorted(served_by(requests, [20, 0, 20], **fast)) == [NOBODY, 0, 0, 0, 2]
    assert served_by(requests, [20, 0, 20], transfers=SETTLED, **fast) == [2, 2, 0, 0, 0]


def test_shares_of_what_is_left():
    assert share_of(0.25, 0.5) == 0.5
    assert share_of(0.0, 0.0) == 0.0
    assert share_of(0.25, 0.0) == np.inf
    assert share_of(np.inf, 1.0) == np.inf


def test_times_of_a_flexible_split_are_shared_by_all_variants():
    """In 4 s a request takes 0.125 s for transfers; BLOOM-3B on one module takes 0.73 s, OPT-13B 2.91 s.

    BLOOM-3B has room for four of its own, 4·(0.73 + 0.125) = 3.42 s, and the transfers of others may take the 0.58 s
    that are left, which is enough for four. OPT-13B computes one: 2.91 s + 5·0.125 s is less than 4 s, twice 2.91 s is
    not.
    """
    requests = workload_at(np.zeros(6), accuracy_requirement=[0.0, 0.0, 0.0, 0.0, 0.8, 0.8])
    flexible = BANDS | {"epoch__split": "flexible"}
    served = served_by(requests, [1, 0, 1], transfers=TIMES, **flexible)
    assert served[:4] == [0, 0, 0, 0]
    assert sorted(served[4:]) == [NOBODY, 2]


def test_a_variant_that_serves_nobody_does_not_hold_up_the_others():
    """BLOOM-7.1B loads for almost all of the epoch and has nobody; OPT-13B's transfers are not bound by that."""
    requests = workload_at([0.0], accuracy_requirement=0.8)
    flexible = BANDS | {"epoch__split": "flexible"}
    assert served_by(requests, [0, 1, 3], transfers=TIMES, delays_s=(0.0, 3.99, 0.0), **flexible) == [2]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("exact", [1, 0, 0, 0]),
        ("first_come_first_served", [0, NOBODY, NOBODY, NOBODY]),
        ("earliest_deadline_first", [NOBODY, 0, 0, 0]),
    ],
)
def test_each_variant_computes_the_batch_of_the_setting(selection: str, expected: list[int]):
    """BLOOM-3B on one module: 3.02 s for 512 + 512 tokens, 0.73 s for 128 + 128; 3.5 s hold the long one, or three
    short ones and not the long one beside them. BLOOM-7.1B on three modules takes 2.54 s for the long one."""
    requests = workload_at(
        np.zeros(4),
        prompt_tokens=[512, 128, 128, 128],
        output_tokens=[512, 128, 128, 128],
        latency_requirement_s=[50.0, 10.0, 11.0, 12.0],
    )
    counts = [1, 3, 0] if selection == "exact" else [1, 0, 0]
    assert served_by(requests, counts, node__batch_selection=selection) == expected


def test_earliest_deadline_first_keeps_the_order_of_arrival_between_equals():
    requests = workload_at(np.zeros(6), latency_requirement_s=[20.0, 20.0, 10.0, 20.0, 20.0, 20.0])
    served = served_by(requests, [1, 0, 0], node__batch_selection="earliest_deadline_first")
    assert served == [0, 0, 0, 0, NOBODY, NOBODY]


def test_use_of_variants_adds_up():
    """Memory is weights on each module and KV cache; compute time counts for the part of the modules that is busy."""
    env = started(
        "EdgeLLM/Compute-v0", tiers(**WIDE), workload_at([0.0, 0.1, 0.2], accuracy_requirement=[0.2, 0.4, 0.8])
    )
    made = env.simulation
    move_modules(made.params, made.state, 0, np.array([1, 2, 0]))
    rule, server, sizes = rule_of(made.params), np.array([0, 2, 4]), np.array([1, 0, 2, 0, 0, 0])
    used_bytes, compute_s, energy_j = use_of_variants(rule, made.params, made.state, 0, server, sizes)
    kv_bytes = 4 * 256 * (30 * 2560 + 30 * 4096)
    assert used_bytes == pytest.approx(2359296000 + 2 * 6039797760 + kv_bytes)
    whole_s = [
        variant.batch_cost[-1].compute_s.marginal(128, 128) for variant in env.scenario.variants
    ]  # on all four modules; on fewer it takes longer, and counts for less
    assert compute_s == pytest.approx(whole_s[0] + whole_s[1])
    assert energy_j == pytest.approx((whole_s[0] + whole_s[1]) * 4 * 15.0)  # 15 W per module
    assert batch_served(made.state, 0, server, 2 * GROUPS).requests == 1.0
