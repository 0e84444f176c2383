"""Modules of a rack that an agent groups."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env import ScenarioError, draw_workload, load_scenario
from edge_llm_env.envs.observation.layout import names
from edge_llm_env.envs.scaling.environment import ScalingEnv
from edge_llm_env.envs.scaling.observation import OBSERVATION
from edge_llm_env.rack.params import rack_params
from tests.support.helpers import workload_at


def test_modules_of_a_new_size_start_anew_and_serve_more_as_one():
    """One A100 serves 10 requests in an epoch of 5 s, four as one 87; they start in 60 s, twelve epochs."""
    scenario = load_scenario(
        "grouped-rack", **{"rack.modules_at_start": 4, "epoch.episode_epochs": 20, "node.engine_start_s": 52.7}
    )
    env = ScalingEnv(scenario)
    arrival_s = np.repeat(np.arange(20) * 5.0 + 1.0, 95)
    workload = workload_at(arrival_s, prompt_tokens=256, output_tokens=192, latency_requirement_s=10.0)
    observation, info = env.reset(options={"workload": workload})
    served = []
    for epoch in range(18):
        before = info["served"]
        change = 1 / 8 if epoch == 14 else 0.0
        regroup = {1: 2 / 3, 2: 0.16, 16: -1 / 3}.get(epoch, 0.0)  # of three sizes: two places on, none, one back
        observation, _, _, _, info = env.step(np.array([change, regroup], dtype=np.float32))
        served.append(info["served"] - before)
        named = dict(zip(names(OBSERVATION, scenario), observation.tolist(), strict=True))
        assert 8 * named["group"] == pytest.approx(info["modules_per_group"])
    # four alone, then none while four start as one, and again none while five start as pairs
    assert served == [40] + [0] * 12 + [87] * 3 + [0] * 2
    assert info["modules_per_group"] == 2
    assert (info["modules_on"], info["modules_ready"]) == (5, 0)
    assert info["module_starts"] == 4 + 1 + 5


def test_text_says_in_which_groups_modules_work_where_they_are_chosen():
    env = ScalingEnv(load_scenario("grouped-rack"), render_mode="ansi")
    env.reset(seed=0)
    env.step(np.array([0.0, 1.0]))
    assert "modules in groups of 4" in str(env.render())


def test_modules_that_share_matrices_hold_weights_once_among_them():
    """Of 26 GB of weights and 20 GB a module, a pair holds 14 GB of cache and a module alone nothing."""
    small = {"node.memory_bytes_per_module": 20e9, "epoch.episode_epochs": 8}
    scenario = load_scenario("grouped-rack", **small, **{"rack.group_sizes": [2, 4], "rack.modules_at_start": 2})
    params = rack_params(scenario)
    assert params.largest[1] == 0
    assert 30 <= params.largest[2] <= 14e9 / (448 * 819200)  # bytes of a token in the cache
    env = ScalingEnv(scenario)
    env.reset(options={"workload": draw_workload(scenario, np.random.default_rng(0))})
    *_, info = env.step(np.zeros(2, dtype=np.float32))
    assert info["served"] > 0
    with pytest.raises(ScenarioError, match=r"rack.group_sizes: a group of 1 modules must serve"):
        rack_params(load_scenario("grouped-rack", **small))
