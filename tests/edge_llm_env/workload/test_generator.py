from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from edge_llm_env import Workload, draw_workload, load_scenario
from edge_llm_env.radio.path_losses.log_distance import path_gain
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.generator import draw_together, episodes_at_once, one_of_values
from tests.support.helpers import assert_same


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("paper-bloom-3b", **{"epoch.episode_epochs": 200})


@pytest.fixture(scope="module")
def workload(scenario: Scenario) -> Workload:
    """About 20 000 requests."""
    return draw_workload(scenario, np.random.default_rng(5))


def test_drawn_workload_is_valid(workload: Workload):
    assert workload.validate() is workload


def test_equal_generators_draw_equal_workloads(scenario: Scenario, workload: Workload):
    assert_same(vars(draw_workload(scenario, np.random.default_rng(5))), vars(workload))


def test_other_generators_draw_other_workloads(scenario: Scenario, workload: Workload):
    assert draw_workload(scenario, np.random.default_rng(6)).requests != workload.requests


def test_requests_arrive_until_the_epoch_that_the_last_observation_shows(scenario: Scenario, workload: Workload):
    last_start_s = (scenario.epoch.episode_epochs + 1) * scenario.epoch.epoch_s
    assert last_start_s - 1.0 < workload.arrival_s.max() < last_start_s
    assert workload.requests == pytest.approx(50 * last_start_s, abs=3 * np.sqrt(50 * last_start_s))


@pytest.mark.parametrize("field", ["prompt_tokens", "output_tokens"])
def test_lengths_are_drawn_with_equal_probability(workload: Workload, field: str):
    values, counts = np.unique(getattr(workload, field), return_counts=True)
    assert values.tolist() == [128, 256, 512]
    assert stats.chisquare(counts).pvalue > 0.01


def test_value_listed_twice_is_drawn_twice_as_often():
    quantiles = np.array([0.0, 0.3, 0.4, 0.6, 0.7, 0.999999])
    assert one_of_values(quantiles, (128, 512, 512)).tolist() == [128, 128, 512, 512, 512, 512]


@pytest.mark.parametrize(
    ("field", "low", "high"), [("latency_requirement_s", 0.5, 2.0), ("accuracy_requirement", 0.0, 1.0)]
)
def test_requirements_are_uniform(workload: Workload, field: str, low: float, high: float):
    assert stats.kstest(getattr(workload, field), "uniform", args=(low, high - low)).pvalue > 0.01


def test_what_a_request_asks_for_is_independent_of_everything_else_about_it(workload: Workload):
    columns = [
        workload.prompt_tokens,
        workload.output_tokens,
        workload.latency_requirement_s,
        workload.accuracy_requirement,
        workload.distance_m,
        workload.arrival_s,
    ]
    correlation = np.corrcoef(columns)
    assert np.abs(correlation[~np.eye(len(columns), dtype=bool)]).max() < 4 / np.sqrt(workload.requests)


def test_users_are_uniform_over_the_area_of_the_cell(scenario: Scenario, workload: Workload):
    inner, outer = scenario.radio.min_distance_m**2, scenario.radio.cell_radius_m**2
    assert stats.kstest(workload.distance_m**2, "uniform", args=(inner, outer - inner)).pvalue > 0.01


def test_gains_are_path_loss_times_exponential_fading(workload: Workload):
    attenuation = path_gain(workload.distance_m, 128.1, 37.6)
    fading = workload.uplink_gain / attenuation[:, None]
    assert fading.mean() == pytest.approx(1.0, abs=3 / np.sqrt(fading.size))
    assert stats.kstest(fading.ravel(), "expon").pvalue > 0.01


@pytest.mark.parametrize(
    "radio",
    [
        {"path_loss": {"kind": "umi"}},
        {"fading": {"kind": "rician", "k_factor_db": 6.0}},
        {"fading": {"kind": "rayleigh", "user_speed_m_per_s": 1.5}},
    ],
)
def test_another_channel_leaves_what_requests_ask_for_as_it_was(scenario: Scenario, workload: Workload, radio: dict):
    other = load_scenario(scenario, **{f"radio.{field}": value for field, value in radio.items()})
    drawn = draw_workload(other, np.random.default_rng(5)).given()
    for name, values in workload.given().items():
        assert np.array_equal(drawn[name], values) != name.endswith("_gain"), name


def test_reciprocal_fading_gives_both_directions_one_gain(workload: Workload):
    np.testing.assert_array_equal(workload.uplink_gain, workload.downlink_gain)


def test_without_reciprocity_each_direction_has_its_own_gain(scenario: Scenario):
    independent = load_scenario(scenario, **{"radio.reciprocal_fading": False})
    drawn = draw_workload(independent, np.random.default_rng(5))
    assert (drawn.uplink_gain != drawn.downlink_gain).all()
    assert drawn.downlink_gain.mean() == pytest.approx(drawn.uplink_gain.mean(), rel=0.5)


@pytest.mark.parametrize(("longest_latency_s", "blocks"), [(1.0, 1), (2.0, 1), (2.1, 2), (6.0, 3), (1e6, 51)])
def test_there_is_a_fading_block_for_every_epoch_that_a_request_can_wait_in_an_episode(
    longest_latency_s: float, blocks: int
):
    scenario = load_scenario(
        "carry-over", **{"workload.latency_requirement_s": {"low": 0.5, "high": longest_latency_s}}
    )
    drawn = draw_workload(scenario, np.random.default_rng(0))
    assert drawn.uplink_gain.shape == drawn.downlink_gain.shape == (drawn.requests, blocks)


MODELS: dict[str, dict[str, Any]] = {
    "rayleigh": {},
    "both directions": {"radio.reciprocal_fading": False},
    "gamma": {"workload.arrivals": {"kind": "gamma", "rate_per_s": 5.0, "coefficient_of_variation": 1.5}},
    "shadowing": {
        "radio.path_loss": {"kind": "log_distance", "intercept_db": 120.0, "slope_db": 30.0, "shadowing_db": 5.0}
    },
    "urban": {"radio.path_loss": {"kind": "umi"}, "radio.fading": {"kind": "rician", "k_factor_db": 6.0}},
    "beliefs": {
        "beliefs.gain_error_db": 2.0,
        "beliefs.output_tokens": {"kind": "classes", "upper_tokens": [128], "accuracy": 0.8},
    },
    "moving": {"radio.fading": {"kind": "rician", "k_factor_db": 6.0, "user_speed_m_per_s": 1.5}},
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("episodes", [1, 3, 40])
def test_workloads_drawn_together_are_those_drawn_alone(model: str, episodes: int):
    """To the last bit, and their generators go on alike; forty episodes are longer than any that NumPy splits up."""
    scenario = load_scenario("carry-over", **MODELS[model])
    rngs, twins = ([np.random.default_rng(seed) for seed in range(episodes)] for _ in range(2))
    drawn = draw_together(scenario, rngs)
    first = 0
    for requests, twin in zip(drawn.requests, twins, strict=True):
        alone = draw_workload(scenario, twin)
        mine = {name: array[first : first + requests] for name, array in drawn.joined.given().items()}
        assert_same(mine, alone.given())
        first += requests
    assert first == drawn.joined.requests
    assert [rng.random() for rng in rngs] == [twin.random() for twin in twins]


def test_episodes_drawn_at_once_are_fewer_the_longer_they_are():
    few, many = (load_scenario("carry-over", **{"workload.arrivals.rate_per_s": rate}) for rate in (50.0, 0.05))
    assert episodes_at_once(few) == 1
    assert episodes_at_once(many) > 100
