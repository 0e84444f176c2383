"""A policy of set worths: its base before any training, the same after it was saved."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from edge_llm_agents.evaluation.playing import evaluate_values
from edge_llm_agents.pretrained.saved_policies import Card, load_policy, save_policy
from edge_llm_agents.structured.policy import StructuredPolicy, new_network
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.workload.streams import draw_workloads

OVERRIDES = {"epoch.episode_epochs": 6}
SCENARIO = load_scenario("embedding-uplink", **OVERRIDES)
WORKLOADS = draw_workloads(SCENARIO, 6, 3)


@pytest.fixture(scope="module")
def base() -> ValuePolicy:
    found, _ = load_policy("value-embedding-uplink")
    assert isinstance(found, ValuePolicy)
    return found.for_scenario(SCENARIO)


def with_random_head(base: ValuePolicy, encoder: str = "deep-set") -> StructuredPolicy:
    torch.manual_seed(1)
    network = new_network(base, 8, encoder)
    torch.nn.init.normal_(network.correction.weight, std=0.3)
    return StructuredPolicy(base, network, encoder)


def observations_of(base: ValuePolicy) -> np.ndarray:
    env = vector_of(BATCH_SELECTION, SCENARIO, WORKLOADS)
    observations, _ = env.reset(options={"workloads": WORKLOADS})
    for _ in range(3):
        observations, *_ = env.step(np.zeros(env.action_space.shape, dtype=np.int8))
    env.close()
    return np.asarray(observations)


@pytest.mark.parametrize("encoder", ["deep-set", "attention"])
def test_without_training_it_is_its_base_to_the_last_bit(base: ValuePolicy, encoder: str) -> None:
    policy = StructuredPolicy(base, new_network(base, 8, encoder), encoder)
    observations = observations_of(base)
    np.testing.assert_array_equal(policy.predict(observations)[0], base.predict(observations)[0])
    served, by_base = (evaluate_values(one, SCENARIO, WORKLOADS).served for one in (policy, base))
    np.testing.assert_array_equal(served, by_base)


def test_a_network_changes_what_is_served(base: ValuePolicy) -> None:
    served = [evaluate_values(one, SCENARIO, WORKLOADS).served for one in (with_random_head(base), base)]
    assert (served[0] != served[1]).any()


def test_a_row_is_decided_alike_alone_and_among_others(base: ValuePolicy) -> None:
    policy, observations = with_random_head(base), observations_of(base)
    together = policy.predict(observations)[0]
    for observation, values in zip(observations, together, strict=True):
        np.testing.assert_array_equal(policy.predict(observation)[0], values)
    assert (together.max(axis=1) == 1.0).all()


@pytest.mark.parametrize("encoder", ["deep-set", "attention"])
def test_an_empty_queue_has_no_values(base: ValuePolicy, encoder: str) -> None:
    observations = np.zeros_like(observations_of(base))
    assert not with_random_head(base, encoder).predict(observations)[0].any()
    assert not with_random_head(base, encoder).predict(observations[0])[0].any()


@pytest.mark.parametrize("encoder", ["deep-set", "attention"])
def test_a_saved_policy_decides_as_before(base: ValuePolicy, encoder: str, tmp_path: Path) -> None:
    policy = with_random_head(base, encoder)
    card = Card("embedding-uplink", OVERRIDES, "mine", {}, 0, training_steps=0, evaluation={}, check={})
    save_policy(policy, card, tmp_path / "mine")
    back, found = load_policy(tmp_path / "mine", SCENARIO)
    assert isinstance(back, StructuredPolicy)
    assert asdict(found)["overrides"] == OVERRIDES
    observations = observations_of(base)
    np.testing.assert_array_equal(back.predict(observations)[0], policy.predict(observations)[0])


def test_what_does_not_fit_is_refused(base: ValuePolicy) -> None:
    policy = with_random_head(base)
    description, arrays = policy.description(), policy.arrays()
    cases = [
        (description, arrays | {"network.more": np.zeros(1)}, "its array 'more' has shape .1,.: must not be there"),
        (description | {"units": 4}, arrays, "'correction.weight' has shape"),
        (description | {"units": 0}, arrays, "width = 0: must be in"),
        (description | {"encoder": "no"}, arrays, "encoder = 'no'"),
        (description | {"base": {"width": 0}}, arrays, "its base.features"),
        (
            description,
            {name: array for name, array in arrays.items() if "correction" not in name},
            "its array correction.bias is missing: must have shape",
        ),
        (description, {name: array for name, array in arrays.items() if not name.startswith("base.")}, "shapes"),
    ]
    for said, of_weights, expected in cases:
        with pytest.raises(ValueError, match=expected):
            StructuredPolicy.from_card(said, of_weights, SCENARIO)
    population = ValuePolicy(base.function, np.repeat(base.parameters, 2, axis=0), SCENARIO)
    with pytest.raises(ValueError, match="members"):
        StructuredPolicy(population, new_network(base, 8, "deep-set"), "deep-set")
