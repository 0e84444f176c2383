"""What is drawn of beliefs, and what is left as it is where the node knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_env import ScenarioError, Workload, draw_workload, load_scenario
from edge_llm_env.beliefs.classes import LengthClasses
from edge_llm_env.beliefs.noisy import NoisyLengths
from edge_llm_env.radio.draws import Draws
from tests.support.helpers import assert_same

ERRORS: dict[str, Any] = {
    "beliefs.gain_error_db": 2.0,
    "beliefs.gain_margin_db": 1.5,
    "beliefs.output_tokens": {"kind": "noisy", "deviation": 0.4},
}


def drawn(**overrides: Any) -> Workload:
    scenario = load_scenario("carry-over", **({"workload.arrivals.rate_per_s": 20.0} | overrides))
    return draw_workload(scenario, np.random.default_rng(0)).validate()


def test_beliefs_are_drawn_behind_all_else_and_not_at_all_where_the_node_knows():
    knowing, believing = drawn(), drawn(**ERRORS)
    assert not [name for name in knowing.given() if name.startswith("believed_")]
    as_it_is = {name: array for name, array in believing.given().items() if not name.startswith("believed_")}
    assert_same(as_it_is, knowing.given())
    assert_same(drawn(**ERRORS).given(), believing.given())


def test_a_believed_gain_is_off_by_a_log_normal_error_and_the_margin():
    workload = drawn(**ERRORS)
    assert workload.believed_uplink_gain is workload.believed_downlink_gain
    error_db = 10.0 * np.log10(workload.believed_uplink_gain / workload.uplink_gain)
    # 2,000 requests of 3 epochs: a standard error of 2 / sqrt(6000) dB
    assert error_db.mean() == pytest.approx(-1.5, abs=0.08)
    assert error_db.std() == pytest.approx(2.0, abs=0.06)
    apart = drawn(**(ERRORS | {"radio.reciprocal_fading": False}))
    down_db = 10.0 * np.log10(apart.believed_downlink_gain / apart.downlink_gain)
    up_db = 10.0 * np.log10(apart.believed_uplink_gain / apart.uplink_gain)
    assert abs(np.corrcoef(up_db.ravel(), down_db.ravel())[0, 1]) < 0.06


def test_a_margin_alone_draws_nothing():
    workload = drawn(**{"beliefs.gain_margin_db": 3.0})
    np.testing.assert_allclose(workload.believed_uplink_gain, workload.uplink_gain * 10.0**-0.3, rtol=1e-12)
    assert workload.believed_output_tokens is None


def test_a_noisy_length_is_off_by_a_log_normal_factor_and_reserved_with_its_margin():
    lengths = np.full(20_000, 1000)
    for margin, share_too_short in ((0.0, 0.5), (1.0, 0.1587)):
        belief = NoisyLengths(kind="noisy", deviation=0.2, margin=margin)
        believed = belief.draw(Draws([np.random.default_rng(1)], [20_000]), lengths, 10_000)
        assert np.log(believed / 1000).std() == pytest.approx(0.2, rel=0.02)
        assert (believed < 1000).mean() == pytest.approx(share_too_short, abs=0.012)
        assert believed.max() <= 10_000


def test_a_predicted_class_is_its_longest_length_and_as_often_right_as_it_says():
    lengths = np.array([1, 100, 101, 200, 201, 300] * 5000)
    belief = LengthClasses(kind="classes", upper_tokens=(100, 200), accuracy=0.8)
    believed = belief.draw(Draws([np.random.default_rng(2)], [len(lengths)]), lengths, 300)
    longest = np.array([100, 100, 200, 200, 300, 300] * 5000)
    assert set(believed.tolist()) == {100, 200, 300}
    assert (believed == longest).mean() == pytest.approx(0.8, abs=0.01)
    # the classes at the ends have one neighbour, the one in between two
    assert set(believed[longest == 100].tolist()) == {100, 200}
    assert (believed[longest == 200] == 100).mean() == pytest.approx(0.1, abs=0.012)
    sure = LengthClasses(kind="classes", upper_tokens=(100, 200))
    np.testing.assert_array_equal(sure.draw(Draws([np.random.default_rng(3)], [len(lengths)]), lengths, 300), longest)


def test_beliefs_are_saved_and_loaded(tmp_path: Path):
    workload = drawn(**ERRORS)
    workload.save(tmp_path / "believed.npz")
    assert_same(Workload.load(tmp_path / "believed.npz").given(), workload.given())


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            {"beliefs.gain_error_db": -1.0},
            r"beliefs\.gain_error_db = -1\.0: must be at least 0",
        ),
        (
            {"beliefs.output_tokens": {"kind": "guess"}},
            r"beliefs\.output_tokens\.kind = 'guess': must be one of",
        ),
        (
            {"beliefs.output_tokens": {"kind": "classes", "upper_tokens": [200, 100]}},
            r"beliefs\.output_tokens\.upper_tokens.* 200, 100: must be in ascending order",
        ),
        ({"beliefs.gain_bias_db": 1.0}, r"beliefs\.gain_bias_db: no such key; allowed are gain_error_db"),
    ],
)
def test_beliefs_that_make_no_sense_are_refused(overrides: dict[str, Any], problem: str):
    with pytest.raises(ScenarioError, match=problem):
        load_scenario("carry-over", **overrides)


def test_fingerprints_tell_beliefs_and_not_that_there_could_be_some():
    plain = load_scenario("carry-over")
    assert load_scenario(plain, beliefs={}).fingerprint() == plain.fingerprint()
    prints = {load_scenario(plain, **{name: value}).fingerprint() for name, value in ERRORS.items()}
    assert len(prints | {plain.fingerprint()}) == 4
