"""Demonstrations: the teachers' sets, agreement with the solvers they stand for, files."""

from pathlib import Path
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents.calls.policy import LearnedCalls
from edge_llm_agents.calls.worth import SPREADS
from edge_llm_agents.imitation import demonstrations as demonstrations_module
from edge_llm_agents.imitation.demonstrations import (
    BestCompletion,
    Demonstrations,
    KnownSchedules,
    demonstrate,
    joined,
    look_ahead_values,
    teacher_of,
)
from edge_llm_baselines import DFTSP, BatchProblem, LookAhead
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.tasks.index import index_values
from edge_llm_baselines.tasks.tuning import tune_admission, valued
from edge_llm_env import load_scenario
from edge_llm_env.dynamics.state import N_SERVED
from edge_llm_env.workload.streams import Stream, draw_workloads
from tests.support.tasks import ALL_KINDS, small_tasks

SCENARIO = load_scenario("carry-over", **{"epoch.episode_epochs": 5})
WORKLOADS = draw_workloads(SCENARIO, 6, seed=1, stream=Stream.DEMONSTRATION)


@pytest.mark.parametrize("discount", [0.0, 0.5])
def test_the_best_completion_of_an_empty_batch_is_the_rules_batch_and_stays_as_good(discount: float) -> None:
    env = gym.make_vec(
        "EdgeLLM/Batching-v0", len(WORKLOADS), vectorization_mode="vector_entry_point", scenario=SCENARIO
    )
    env.reset(options={"workloads": WORKLOADS})
    simulation = env.unwrapped.simulation
    teacher, rule = BestCompletion(look_ahead_values(discount)), LookAhead(discount, SCENARIO.epoch.epoch_s)
    problems = [BatchProblem.of_row(simulation, row) for row in range(len(WORKLOADS))]
    best = [rule.solve(problem) for problem in problems]
    if discount == 0.0:
        assert [one.value for one in best] == [DFTSP().solve(problem).value for problem in problems]
    worth = [np.ceil((1.0 - discount * rule.chances_to_wait(problem)) * 1024) / 1024 for problem in problems]
    admitted = np.zeros((len(WORKLOADS), simulation.slots), dtype=bool)
    rng = np.random.default_rng(0)
    for _ in range(3):
        remaining = teacher.remaining(simulation)
        assert not (remaining & admitted).any()
        assert not (remaining & ~env.unwrapped.action_masks()[:, :-1]).any()
        for row, values in enumerate(worth):
            total = values[(remaining | admitted)[row, : len(values)]].sum()
            assert total == pytest.approx(best[row].value, abs=1e-9)
        assert remaining.any(axis=1).all()
        slots = np.where(remaining, rng.random(remaining.shape), 0.0).argmax(axis=1)
        admitted[np.arange(len(slots)), slots] = True
        env.step(slots)


@pytest.mark.parametrize("name", ["task-admission", "learned-calls"])
def test_of_chains_the_teacher_wants_what_the_policy_of_tasks_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only batches of equal value may differ; of calls side by side the index changes as one of them is admitted."""
    scenario = small_tasks(workload__tasks__kinds=ALL_KINDS[:1])
    index = tune_admission(scenario, 0)
    assert index is not None
    learned = LearnedCalls(np.array([5.0 if one == "kept" else 0.0 for one in SPREADS]), index, 0, scenario)
    monkeypatch.setattr(
        demonstrations_module, "search_calls", lambda scenario, settings, seed: SimpleNamespace(policy=learned)
    )
    workloads = draw_workloads(scenario, 4, seed=2, stream=Stream.DEMONSTRATION)
    env = gym.make_vec("EdgeLLM/Batching-v0", 4, vectorization_mode="vector_entry_point", scenario=scenario)
    observation, _ = env.reset(options={"workloads": workloads})
    simulation, teacher = env.unwrapped.simulation, teacher_of(name, scenario)(workloads)
    by_index = valued(index_values, env, index, 0)
    played, other = (by_index, learned.acting(env)) if name == "task-admission" else (learned.acting(env), by_index)
    agreed, alike = [], []
    for _ in range(60):
        remaining = teacher.remaining(simulation)
        assert not (remaining & ~env.unwrapped.action_masks()[:, :-1]).any()
        actions, _ = played.predict(observation)
        wanted = np.concatenate((remaining, ~remaining.any(axis=1, keepdims=True)), axis=1)
        agreed += wanted[np.arange(4), actions].tolist()
        alike += wanted[np.arange(4), other.predict(observation)[0]].tolist()
        observation = env.step(actions)[0]
    assert np.mean(agreed) > 0.95
    assert np.mean(alike) < np.mean(agreed)
    assert simulation.state.counters[:, N_SERVED].min() > 5


def test_hindsight_is_played_as_it_was_scheduled() -> None:
    solver = LagrangianHindsight(1, restarts=1, moves_per_offer=100, block_nodes=0)
    schedules = [solver.solve(EpisodeProblem.of_workload(SCENARIO, workload)) for workload in WORKLOADS]
    teacher = KnownSchedules.of_workloads(SCENARIO, WORKLOADS, solver)
    found = demonstrate(teacher, SCENARIO, WORKLOADS)
    dispatches = ~found.remaining.any(axis=1)
    assert dispatches.sum() == len(WORKLOADS) * SCENARIO.epoch.episode_epochs
    assert (~dispatches).sum() == sum(schedule.value for schedule in schedules)


def test_equal_seeds_equal_demonstrations_and_every_right_action_is_open() -> None:
    teacher = teacher_of("dftsp", SCENARIO)(WORKLOADS)
    one, again, other = (demonstrate(teacher, SCENARIO, WORKLOADS, seed=seed) for seed in (0, 0, 1))
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(one, again, strict=True))
    assert one.observations.shape != other.observations.shape or not np.array_equal(
        one.observations, other.observations
    )
    assert not (one.remaining & ~one.action_masks[:, :-1]).any()


def test_a_student_leads_to_states_of_its_own() -> None:
    class Dispatcher:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return np.full(len(observation), SCENARIO.epoch.visible_slots), state

    found = demonstrate(BestCompletion(look_ahead_values(0.0)), SCENARIO, WORKLOADS, student=Dispatcher())
    assert len(found.observations) == len(WORKLOADS) * SCENARIO.epoch.episode_epochs
    assert found.remaining.any()


def test_files_hold_what_was_saved_and_others_are_refused(tmp_path: Path) -> None:
    found = demonstrate(BestCompletion(look_ahead_values(0.0)), SCENARIO, WORKLOADS[:1])
    found.save(tmp_path / "found.npz")
    loaded = Demonstrations.load(tmp_path / "found.npz")
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(found, loaded, strict=True))
    assert len(joined([found, loaded]).observations) == 2 * len(found.observations)
    np.savez(tmp_path / "other.npz", observations=np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"other\.npz: not demonstrations, it lacks action_masks, remaining"):
        Demonstrations.load(tmp_path / "other.npz")
    found._replace(action_masks=found.remaining).save(tmp_path / "odd.npz")
    with pytest.raises(ValueError, match=r"odd\.npz: not demonstrations, its arrays are not of the same states"):
        Demonstrations.load(tmp_path / "odd.npz")


def test_unknown_teachers_are_refused_and_those_of_tasks_where_there_are_none() -> None:
    with pytest.raises(ValueError, match=r"scenario carry-over: workload\.tasks: must be given for the teacher"):
        teacher_of("task-admission", SCENARIO)
    with pytest.raises(ValueError, match=r"reward\.task_failed = -1\.0: must be 0, as the search counts"):
        teacher_of("learned-calls", small_tasks(reward__task_failed=-1.0))
    with pytest.raises(ValueError, match="oracle"):
        teacher_of("oracle", SCENARIO)
