"""The layouts are what the spaces and the kernels are."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from edge_llm_env.envs.observation.features import slot_feature, split_further
from edge_llm_env.envs.observation.layout import length, names
from tests.support.helpers import ALL_FORMS, CARRIED_FORMS, EPOCH_FORMS, small_scenario

SCENARIOS = [
    small_scenario(),
    small_scenario("accuracy-tiers"),
    small_scenario("embedding-uplink"),
    small_scenario("accuracy-tiers", epoch__split="flexible"),
]


@pytest.mark.parametrize("env_id", ALL_FORMS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_every_entry_of_an_action_and_of_an_observation_has_a_name_of_its_own(env_id: str, scenario: Any) -> None:
    env: Any = gym.make(env_id, scenario=scenario, disable_env_checker=True)
    mechanism, space, scenario = env.unwrapped.mechanism, env.action_space, env.unwrapped.scenario
    entries = int(space.n) if isinstance(space, spaces.Discrete) else space.shape[0]
    for layout, expected in ((mechanism.action, entries), (mechanism.observation, env.observation_space.shape[0])):
        assert len(names(layout, scenario)) == len(set(names(layout, scenario))) == length(layout, scenario) == expected


@pytest.mark.parametrize("env_id", [*EPOCH_FORMS, *CARRIED_FORMS])
def test_an_observations_entries_are_what_their_names_say(env_id: str) -> None:
    scenario = SCENARIOS[1]
    env: Any = gym.make(env_id, scenario=scenario, disable_env_checker=True).unwrapped
    scenario = env.scenario
    observation, _ = env.reset(seed=0)
    named = dict(zip(names(env.mechanism.observation, scenario), observation, strict=True))
    extent = env.mechanism.extent(scenario)
    assert [named[f"slack[{slot}]"] for slot in range(6)] == slot_feature(observation, "slack", extent).tolist()
    state = getattr(env.simulation.state, "nodes", env.simulation.state)
    visible = named["visible" if "visible" in named else "visible[0]"]  # of the first server, where there are several
    assert visible == np.float32(state.visible[0] / 6)
    further, whole = split_further(observation, extent)
    if env.mechanism.foresees:
        assert [named[f"uplink_share_to_come[{slot}]"] for slot in range(6)] == further[:, 0].tolist()
    if env.mechanism.hosts_variants:
        assert [named[f"accuracy_requirement[{slot}]"] for slot in range(6)] == further[:, 2].tolist()
        assert [named[f"class[{slot}]"] for slot in range(6)] == further[:, 3].tolist()
        assert [named[f"modules[{variant}]"] for variant in range(3)] == whole[0:6:2].tolist()
        assert [named[f"loaded[{variant}]"] for variant in range(3)] == whole[1:6:2].tolist()
        offered = np.float32(env.simulation.params.variant_accuracy[:, 0])
        assert [named[f"accuracy[{variant}]"] for variant in range(3)] == whole[6:9].tolist() == offered.tolist()
        assert [named[f"hosts[{module}]"] for module in range(10)] == whole[9::2].tolist()
