from __future__ import annotations

import pytest

from edge_llm_env.inference.validation.errors import Predicted, errors, interval, summary
from edge_llm_env.inference.validation.kinds import SPLITS, batch_range, context_range
from edge_llm_env.inference.validation.measurements import published_measurements

ROWS = [one for one in published_measurements() if one.metric == "decode"]
ONE = ROWS[0]


def test_errors_by_hand():
    # 1.2 and 0.9 of what was measured: 20 % and 10 %, in the mean 15 %, and 5 % too much
    rows = [Predicted(ONE, (1.2 * ONE.value,)), Predicted(ONE, (0.9 * ONE.value,))]
    found = summary(rows)
    assert found["rows"] == 2
    assert found["boards"] == 1
    assert (found["error"], found["median"], found["bias"]) == pytest.approx((0.15, 0.15, 0.05))


def test_a_row_with_several_predictions_counts_once_with_their_mean_error():
    # 20 % too much and 10 % too little: an error of 15 %, a bias of 5 %
    one = Predicted(ONE, (1.2 * ONE.value, 0.9 * ONE.value))
    assert (one.error, one.bias) == pytest.approx((0.15, 0.05))
    assert summary([one])["rows"] == 1


def test_an_interval_of_one_group_is_its_mean_and_of_alike_groups_too():
    assert interval([0.1, 0.3], ["a", "a"]) == pytest.approx((0.2, 0.2))
    assert interval([0.2, 0.2, 0.2], ["a", "b", "c"]) == pytest.approx((0.2, 0.2))
    low, high = interval([0.1, 0.3], ["a", "b"])
    assert (low, high) == pytest.approx((0.1, 0.3))  # a quarter of samples have either group alone


def test_kinds_of_every_split_have_all_rows_between_them():
    rows = [Predicted(one, (1.1 * one.value,)) for one in published_measurements()]
    for phase, of_phase in errors(rows).items():
        whole = of_phase["all"]
        assert isinstance(whole, dict)
        assert whole["error"] == pytest.approx(0.1), phase
        for split in SPLITS:
            kinds = of_phase[split]
            assert isinstance(kinds, dict)
            assert sum(kind["rows"] for kind in kinds.values()) == whole["rows"]


@pytest.mark.parametrize(
    ("batch", "expected"), [(1, "1"), (2, "2 to 4"), (4, "2 to 4"), (5, "5 to 8"), (64, "17 to 64"), (65, "above 64")]
)
def test_ranges_of_batches_hold_their_last(batch: int, expected: str):
    assert batch_range(ONE._replace(batch=batch)) == expected


def test_a_context_is_what_a_pass_or_a_generation_ends_with():
    pass_of_129 = ONE._replace(prompt_tokens=127, output_tokens=2)
    assert context_range(pass_of_129) == "129 to 1024"
    assert context_range(pass_of_129._replace(prompt_tokens=126)) == "1 to 128"
    assert context_range(ONE._replace(metric="prefill", prompt_tokens=128, output_tokens=1)) == "1 to 128"
    assert context_range(ONE._replace(metric="throughput", prompt_tokens=4000, output_tokens=97)) == "above 4096"
