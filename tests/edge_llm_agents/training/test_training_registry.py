"""How an environment is trained, and one that nobody said anything of."""

from __future__ import annotations

import pytest

from edge_llm_agents.training.registered import Training, register_training, training_of
from edge_llm_agents.training.train import algorithms_for
from edge_llm_env.envs.suite import BANDWIDTH, BATCH_SELECTION, BATCHING, CONTINUOUS_BATCHING
from edge_llm_env.registration import ENVIRONMENTS, EnvironmentEntry, environment, register_environment


def test_ways_of_its_own_come_before_those_of_its_actions() -> None:
    assert algorithms_for(BATCHING) == ["ppo_mask_imitation", "ppo_mask", "dqn"]
    assert algorithms_for(BATCH_SELECTION) == ["values", "ppo", "sac", "td3", "tasks"]
    assert algorithms_for(BANDWIDTH) == ["allocation", "ppo", "sac", "td3"]
    assert algorithms_for(CONTINUOUS_BATCHING) == ["scheduler", "ppo_mask_imitation", "ppo_mask", "dqn"]
    assert training_of(BANDWIDTH).network == "set"


@pytest.mark.parametrize(
    ("env_id", "algorithms"), [(BATCHING, ["ppo_mask", "dqn"]), (BANDWIDTH, ["ppo", "sac", "td3"])]
)
def test_without_a_word_of_it_algorithms_are_those_of_its_actions(
    env_id: str, algorithms: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = EnvironmentEntry(**{**vars(environment(env_id)), "id": f"Other/{environment(env_id).name}"})
    monkeypatch.setattr("edge_llm_env.registration.ENVIRONMENTS", dict(ENVIRONMENTS))
    monkeypatch.setattr("gymnasium.envs.registration.registry", {})
    register_environment(entry)
    assert training_of(entry.id) == Training({}, "mlp")
    assert algorithms_for(entry.id) == algorithms


def test_an_id_that_is_trained_otherwise_or_is_none_is_an_error() -> None:
    register_training(BANDWIDTH, training_of(BANDWIDTH))  # the same again changes nothing
    with pytest.raises(ValueError, match="env_id = 'EdgeLLM/Bandwidth-v0': is trained otherwise"):
        register_training(BANDWIDTH, Training())
    with pytest.raises(ValueError, match="env_id = 'EdgeLLM/Band-v0': must be one of"):
        training_of("EdgeLLM/Band-v0")
