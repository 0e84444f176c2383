from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import DFTSP
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.workload.streams import draw_workloads
from experiments.presets.measurements import ComputeMeter, measure_scenario
from tests.support.helpers import ROOFLINE, small_scenario, workload_at

QUICK = LagrangianHindsight(5, restarts=1, moves_per_offer=50, block_nodes=0)


def test_counts_are_those_of_dftsp_on_the_workloads():
    scenario = small_scenario()
    measured = measure_scenario(scenario, 3, 2, seed=5, hindsight=QUICK)
    served = served_by(DFTSP(), scenario, draw_workloads(scenario, 3, 5))
    assert measured["served"] == served.sum() <= measured["settled"]
    hindsight = measured["hindsight"]
    assert hindsight["dftsp"] == served[:2].sum() <= hindsight["schedule"] <= hindsight["upper_bound"]
    assert all(0 < used <= 1 for used in measured["utilisation"].values())
    assert measured["compute_per_batch"] == 0.0  # the paper's model has no cost of a batch as such
    assert measured["beyond_visible"] > 0  # six slots are few
    assert "partitions" not in measured


@pytest.mark.parametrize("split", ["fixed", "flexible"])
def test_compute_per_batch_is_the_base_of_the_batch_cost(split: str):
    """Once for the longest of two; the image of one is encoded, and transfers do not count."""
    image = {"tokens": 576, "encoder_weights": 0.304e9, "encoder_patches": 577}
    scenario = small_scenario(
        "orin-llama-8b", node__images=image, workload__image_share=0.5, epoch__split=split, epoch__visible_slots=3
    )
    workload = replace(workload_at([0.0, 0.1, 0.2], prompt_tokens=128, output_tokens=64), has_image=np.array([0, 1, 1]))
    env = gym.make(BATCH_SELECTION, scenario=scenario)
    env.reset(options={"workload": workload})
    meter, compute_s = ComputeMeter(), scenario.batch_cost.compute_s
    meter.note(env.unwrapped.simulation, 0, np.zeros(3, dtype=np.bool_))
    assert (meter.per_batch_s, meter.total_s) == (0.0, 0.0)
    meter.note(env.unwrapped.simulation, 0, np.array([True, True, False]))
    marginal_s = compute_s.marginal(128, 64) + compute_s.marginal(704, 64)
    encoding_s = scenario.image_needs.encoding_s
    assert encoding_s > 0.0
    assert meter.per_batch_s == pytest.approx(compute_s.base(704, 64))
    assert meter.total_s == pytest.approx(compute_s.base(704, 64) + marginal_s + encoding_s, rel=1e-12)


def test_reading_weights_is_a_cost_per_batch():
    scenario = small_scenario(**{name.replace(".", "__"): value for name, value in ROOFLINE.items()})
    compute = scenario.batch_cost.compute_s
    # no batch spends a larger part of its time so than one request alone with the shortest prompt
    alone = max(compute.base(128, n) / compute.of_equals(1, 128, n) for n in scenario.workload.output_tokens)
    assert 0.3 < measure_scenario(scenario, 1, 1, hindsight=QUICK)["compute_per_batch"] < alone


@pytest.mark.parametrize(("episodes", "hindsight_episodes"), [(2, 0), (2, 3), (0, 0)])
def test_workloads_must_suffice(episodes: int, hindsight_episodes: int):
    with pytest.raises(ValueError, match=rf"hindsight_episodes = {hindsight_episodes}: must lie in \[1, {episodes}\]"):
        measure_scenario(small_scenario(), episodes, hindsight_episodes)
