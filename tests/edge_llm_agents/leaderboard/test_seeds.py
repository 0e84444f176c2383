"""Value policies of several training seeds: trained in the suite, and evaluated as one learned policy."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.policy import LearnedAllocation
from edge_llm_agents.allocations.search import AllocationSettings
from edge_llm_agents.calls.engine import LearnedOrder
from edge_llm_agents.calls.policy import LearnedCalls
from edge_llm_agents.calls.search import CallSettings
from edge_llm_agents.evaluation import rivals
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.leaderboard.policies.seeds import ENTRIES, saved_sources, settings_of
from edge_llm_agents.leaderboard.report.boards import read_boards
from edge_llm_agents.leaderboard.running import Ran
from edge_llm_agents.leaderboard.suite import run_suite
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.placement.fitting import PlacementSettings
from edge_llm_agents.placement.policy import LearnedPlacement
from edge_llm_agents.placement.search import PlacementSearchSettings
from edge_llm_agents.placement.searched import SearchedPlacement
from edge_llm_agents.pretrained import shipped as policy_files
from edge_llm_agents.pretrained.saved_policies import load_policy, save_policy
from edge_llm_agents.pretrained.shipped import shipped_policies
from edge_llm_agents.racks.learning import RackSettings
from edge_llm_agents.racks.policy import LearnedRack
from edge_llm_agents.scheduling.policy import LearnedScheduler
from edge_llm_agents.scheduling.search import SchedulerSettings
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.structured.policy import StructuredPolicy
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_agents.tasks.fitting import SignalSettings
from edge_llm_agents.tasks.policy import LearnedTasks
from edge_llm_agents.uploads.policy import LearnedUploads
from edge_llm_agents.uploads.search import UploadSettings
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.search import SearchSettings, search
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from tests.edge_llm_agents.leaderboard.small import SHORT, small_suite
from tests.edge_llm_agents.seeded.test_training import SETTINGS

FOUND_WITH: dict[type, Any] = {
    AllocationSettings: (LearnedAllocation, LearnedLevels),
    CallSettings: (LearnedCalls, LearnedOrder),
    PlacementSearchSettings: SearchedPlacement,
    PlacementSettings: LearnedPlacement,
    RackSettings: LearnedRack,
    SchedulerSettings: LearnedScheduler,
    SearchSettings: ValuePolicy,
    SignalSettings: LearnedTasks,
    StructuredSettings: StructuredPolicy,
    UploadSettings: LearnedUploads,
}


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchSettings:
    """A policy for the scenario `short`, as if the package brought it along; how it was found."""
    monkeypatch.setattr(policy_files, "PRETRAINED", tmp_path / "pretrained")
    monkeypatch.setattr(rivals, "tune_discount", lambda scenario, seed: 0.5)  # quick
    (tmp_path / "short.toml").write_text(SHORT)
    name = str(tmp_path / "short.toml")
    judge = judge_of(BATCH_SELECTION, load_scenario(name), episodes=2)
    settings = replace(SETTINGS, first_discount=0.5)
    (trained,) = train_seeds(name, {}, settings, [3], judge)
    save_policy(trained.policy, trained.card, tmp_path / "pretrained" / "value-short")
    return settings


def test_seeds_are_trained_once_saved_and_evaluated_as_one_policy(shipped: SearchSettings, tmp_path: Path) -> None:
    scenario = load_scenario(tmp_path / "short.toml")
    env_id = "EdgeLLM/BatchSelection-v0"
    (name, _) = ENTRIES[env_id]
    assert saved_sources(env_id, scenario, tmp_path / "suite") == {name: [SavedFile("value-short")]}
    assert saved_sources("EdgeLLM/Batching-v0", scenario, tmp_path / "suite") == {}
    settings = small_suite(tmp_path, train_seeds=2, hindsight_episodes=0)
    # Tuning, two training runs, eight rules, and the value function with either seed.
    assert run_suite(settings, print) == Ran(kept=0, computed=13, left_out=0, failed=0)
    assert run_suite(settings, print) == Ran(kept=13, computed=0, left_out=0, failed=0)
    for seed in range(2):
        policy, card = load_policy(tmp_path / "suite" / "policies" / f"value-short-seed{seed}", scenario)
        assert card.seed == seed
    np.testing.assert_array_equal(policy.parameters, search(scenario, shipped, 1).policy.parameters)
    (board,) = read_boards(tmp_path / "suite", print)
    assert board.seeds(name) == 2
    assert board.scores(name, ["short"]).shape == (2, 1, 3)


def test_settings_of_every_policy_of_the_package_can_be_had() -> None:
    for name in shipped_policies():
        settings = settings_of(name, 7)
        policy, card = load_policy(name)
        if isinstance(settings, TrainingSettings):
            assert (settings.seed, settings.steps) == (7, card.hyperparameters["steps"])
        else:
            for searched in ("generations", "episodes"):
                if searched in card.hyperparameters:
                    assert getattr(settings, searched) == card.hyperparameters[searched]
            assert isinstance(policy, FOUND_WITH[type(settings)])
            if isinstance(policy, ValuePolicy):
                assert settings.levels == policy.function.levels
            elif isinstance(policy, LearnedAllocation) and policy.function.values:
                assert tuple(policy.function.values.features) == settings.seen_in(policy.env_id)
