"""What counts of the reference rule and of the bound, where batches are chosen."""

import pytest

from edge_llm_agents.protocol.judging import Task
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_baselines.registry import batches
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BANDWIDTH, BATCH_SELECTION, BATCHING, COMPUTE

CHAIN = load_scenario("agents-chain", **{"epoch.episode_epochs": 8, "workload.tasks.tool_times.longest_s": 10.0})


@pytest.mark.parametrize("env_id", [BATCHING, BATCH_SELECTION])
def test_agent_tasks_are_bounded_where_batches_are_chosen(env_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the rules that the search begins at one is enough, and nothing of it is tuned.
    monkeypatch.setattr(
        batches, "_tuned_rules_of_tasks", lambda scenario: [batches.OF_BATCHES.rules["dftsp"].acting(0)]
    )
    task = Task(env_id, WorkloadSet.of(CHAIN, 2, 0), 1)
    (bound,) = task.bound()
    assert bound >= task.reference()["gained"][0]
    assert bound > 0


@pytest.mark.parametrize("env_id", [BANDWIDTH, COMPUTE])
def test_no_bound_of_agent_tasks_is_claimed_elsewhere(env_id: str) -> None:
    assert Task(env_id, WorkloadSet.of(CHAIN, 2, 0), 1).bound() == []
