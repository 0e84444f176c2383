"""`train`: every environment and algorithm, in a second or so each, to policies that `compare` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents import compare, train
from edge_llm_agents.evaluation.progress import Progress
from edge_llm_agents.training.train import algorithms_for
from edge_llm_agents.training.trained import TrainedModel
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_env import load_scenario
from tests.edge_llm_agents.comparison.roll_outs import SHORT

MASKED: dict[str, Any] = {"rows": 8, "rollout_steps": 16, "width": 8, "imitation_episodes": 2, "validation_episodes": 2}
SEARCH: dict[str, Any] = {
    "generations": 1,
    "episodes": 2,
    "validation_episodes": 2,
    "cross_entropy": CrossEntropySettings(population=4, elites=2),
}


def served(policy: Any, env_id: str, scenario: Any = SHORT, **options: Any) -> list[int]:
    found = compare({"it": policy}, scenario, env_id=env_id, episodes=2, hindsight_episodes=0, **options)
    (record,) = [record for record in found.policies if record["policy"] == "it"]
    return record["served_per_episode"]


def test_the_default_for_admission_is_imitation_and_masked_ppo_and_equal_seeds_are_equal_policies() -> None:
    heard: list[Progress] = []
    first = train(scenario=SHORT, steps=128, report=heard.append, **MASKED)
    assert next(one.part for one in heard) == "imitating"
    assert heard[-1] == Progress("training", 128, 128)
    second = train(scenario=SHORT, steps=128, **MASKED)
    assert served(first, "EdgeLLM/Batching-v0") == served(second, "EdgeLLM/Batching-v0")
    assert sum(served(first, "EdgeLLM/Batching-v0")) > 0


@pytest.mark.parametrize(
    ("env_id", "preset", "algorithm", "network"),
    [
        ("EdgeLLM/Batching-v0", "carry-over", "ppo_mask", "set"),
        ("EdgeLLM/BatchSelection-v0", "carry-over", "ppo", "set"),
        ("EdgeLLM/Bandwidth-v0", "embedding-uplink", "ppo", "mlp"),
        ("EdgeLLM/Compute-v0", "accuracy-tiers", "sac", "set"),
        ("EdgeLLM/Joint-v0", "accuracy-tiers", "ppo", "set"),
        ("EdgeLLM/ServiceLevel-v0", "service-levels", "ppo", "mlp"),
    ],
)
def test_a_policy_is_trained_saved_and_compared(
    env_id: str, preset: str, algorithm: str, network: str, tmp_path: Path
) -> None:
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 3})
    settings = MASKED if algorithm == "ppo_mask" else {}
    policy = train(env_id, scenario, algorithm, steps=64, network=network, **settings)
    assert isinstance(policy, TrainedModel)
    name = "SAC@" if algorithm == "sac" else ""
    file = f"{name}{policy.save(tmp_path / 'it')}"
    with pytest.raises(ValueError, match=r"it.zip': a .zip is unpickled"):
        served(file, env_id, scenario)
    assert served(policy, env_id, scenario) == served(file, env_id, scenario, unpickle=True)


def test_values_are_searched_for() -> None:
    policy = train("EdgeLLM/BatchSelection-v0", SHORT, **SEARCH)
    assert sum(served(policy, "EdgeLLM/BatchSelection-v0")) > 0


def test_algorithms_follow_from_the_actions() -> None:
    assert algorithms_for("EdgeLLM/Batching-v0")[0] == "ppo_mask_imitation"
    assert algorithms_for("EdgeLLM/BatchSelection-v0")[0] == "values"
    assert algorithms_for("EdgeLLM/Compute-v0") == ["allocation", "ppo", "sac", "td3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("EdgeLLM/Batch-v0",), "did you mean 'EdgeLLM/Batching-v0'"),
        (
            ("EdgeLLM/Compute-v0", "accuracy-tiers", "ppo_mask"),
            "algorithm = 'ppo_mask': must be one of allocation, ppo, sac, td3",
        ),
        (("EdgeLLM/Batching-v0", "carry-ovr"), "the closest: carry-over"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(*arguments)


def test_a_setting_that_there_is_not_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"settings = 'row': must be one of .*did you mean 'rows'"):
        train(scenario=SHORT, row=3)


def test_ctrl_c_ends_training() -> None:
    def report(progress: Progress) -> None:
        if progress.part == "training":
            raise KeyboardInterrupt

    for env_id, settings in (("EdgeLLM/Batching-v0", MASKED), ("EdgeLLM/Bandwidth-v0", {})):
        with pytest.raises(KeyboardInterrupt):
            train(env_id, SHORT, steps=64, report=report, **settings)
