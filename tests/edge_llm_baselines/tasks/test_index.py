"""Values of calls: what is left of tasks is counted right, indices are Gittins's, batches are the best by value."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.greedy import compute_times_alone_s
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_baselines.tasks.index import MOST_LOAD, Numbers, index_values
from edge_llm_baselines.tasks.remaining import Left, Remaining, calls_in_row
from edge_llm_baselines.tasks.told import told_values
from edge_llm_baselines.tasks.tuning import EPOCHS_PER_CALL, TUNING_EPISODES, tune_index, valued
from edge_llm_baselines.tasks.valued import Seen, ValuedCalls
from edge_llm_baselines.tasks.work import calls_work_s
from edge_llm_env import draw_workloads
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.workload.streams import Stream
from tests.support.helpers import small_scenario
from tests.support.tasks import small_tasks

SCENARIO = small_tasks()
WORKLOADS = draw_workloads(SCENARIO, 4, seed=3)
NUMBERS = {"index": [2.0, 0.0, 0.0], "admission": [2.0, 0.5, 0.2], "chance": [2.0, 0.0, 0.0], "stretch": 1.0}


def test_what_is_left_of_a_chain_a_plan_and_a_single_call() -> None:
    assert calls_in_row(np.array([[0], [1], [1]])).tolist() == [3, 2, 1]
    assert calls_in_row(np.array([[0, 0], [1, 0], [2, 0], [2, 1]])).tolist() == [3, 2, 2, 1]
    assert calls_in_row(np.array([[0]])).tolist() == [1]


def test_samples_are_of_every_task_that_got_so_far() -> None:
    remaining = Remaining(SCENARIO, WORKLOADS)
    work_s = [calls_work_s(TaskSimulation(SCENARIO, 1), workload) for workload in WORKLOADS]
    tasks = [np.bincount(workload.task) for workload in WORKLOADS]
    for done in range(4):
        counted = sum(int((calls > done).sum()) for calls in tasks)
        assert sum(len(left.work_s) for (_, so_many), left in remaining.samples.items() if so_many == done) == counted
    whole = sum(left.work_s.sum() for (_, done), left in remaining.samples.items() if done == 0)
    assert whole == pytest.approx(sum(each.sum() for each in work_s))


def test_indices_are_those_of_gittins() -> None:
    remaining = Remaining(SCENARIO, WORKLOADS)
    remaining.samples = {(0, 0): Left(np.array([1.0, 4.0]), np.array([1.0, 3.0]))}
    table = remaining.indices(2.0)[0, 0]
    # Ends within 1 s with 1/2 for 1 s each: 1/2. Within 4 s surely, for 2.5 s on average: 2/5.
    assert table == pytest.approx(np.full(remaining.slacks, 0.5))
    remaining.samples = {(0, 0): Left(np.array([3.0, 4.0]), np.array([1.0, 3.0]))}
    table = remaining.indices(2.0)[0, 0]
    # 1/2 for 3 s each while only the first ends in time, then 1 for 3.5 s.
    assert table[:4] == pytest.approx(np.full(4, 0.5 / 3.0))
    assert table[4:] == pytest.approx(np.full(remaining.slacks - 4, 1.0 / 3.5))
    assert remaining.chances(2.0)[0, 0].tolist() == [0.5] * 4 + [1.0] * (remaining.slacks - 4)


def test_prices_and_least_chances_are_paid_by_tasks_that_are_not_begun() -> None:
    remaining = Remaining(SCENARIO, WORKLOADS)
    env = gym.make_vec(BATCH_SELECTION, num_envs=4, vectorization_mode="vector_entry_point", scenario=SCENARIO)
    env.reset(options={"workloads": WORKLOADS})
    env.step(np.ones((4, SCENARIO.epoch.visible_slots), dtype=np.int8))
    for _ in range(6):
        env.step(np.ones((4, SCENARIO.epoch.visible_slots), dtype=np.int8))
    seen = Seen.of(env.unwrapped.simulation)
    free, priced, strict, high = (
        index_values(remaining, [Numbers(2.0, *more)])(seen) for more in ((), (0.8,), (0, 1.1), (0, 0, 0.6))
    )
    fresh, begun = seen.present & (seen.done == 0), seen.present & (seen.done > 0)
    assert fresh.any()
    assert begun.any()
    assert (free[begun] == priced[begun]).all()
    assert (free[begun] == strict[begun]).all()
    assert (strict[fresh] == 0.0).all()
    indices = remaining.indices(2.0)
    largest = indices[:, 0].max()
    mine = indices[seen.kind, seen.done, np.minimum(seen.slack_epochs, remaining.slacks - 1)]
    assert 0 < (mine[fresh] >= 0.6 * largest).sum() < fresh.sum()
    assert ((high[fresh] > 0.0) == (mine[fresh] >= 0.6 * largest)).all()
    assert (high[begun] == free[begun]).all()
    load = np.minimum(seen.alone_s.sum(axis=1) / env.unwrapped.simulation.params.window_s, MOST_LOAD) / MOST_LOAD
    rows = np.nonzero(fresh)[0]
    assert priced[fresh] == pytest.approx(free[fresh] * (1.0 - 0.8 * load[rows]))


def test_told_values_know_the_work_and_the_time_that_are_left() -> None:
    env = gym.make(BATCH_SELECTION, scenario=SCENARIO, disable_env_checker=True)
    env.reset(options={"workload": WORKLOADS[0]})
    simulation, workload = env.unwrapped.simulation, WORKLOADS[0]
    work_s = calls_work_s(simulation, workload)
    compared = 0
    for _ in range(10):
        seen, values = Seen.of(simulation), told_values(1.0)(Seen.of(simulation))
        for slot in np.flatnonzero(seen.present[0]).tolist():
            call = int(seen.call[0, slot])
            mine = np.flatnonzero(workload.task == workload.task[call])
            left_s = sum(work_s[other] for other in mine if simulation.state.status[0, other] != 2)
            needed = np.zeros(workload.requests)
            for other in mine[::-1].tolist():
                for back in workload.predecessors[other].tolist():
                    after = needed[other] + 1 + np.ceil(workload.tool_s[other] / SCENARIO.epoch.epoch_s)
                    needed[other - back] = max(needed[other - back], after) if back else needed[other]
            factor = 1.0 if needed[call] <= seen.slack_epochs[0, slot] else 1e-3
            assert values[0, slot] == pytest.approx(seen.alone_s[0, slot] / left_s * factor)
            compared += 1
        env.step(np.ones(simulation.slots, dtype=np.int8))
    assert compared > 20


def test_time_alone_is_that_of_the_batch_of_a_call_with_what_is_kept_of_its_context() -> None:
    env = gym.make_vec(BATCH_SELECTION, num_envs=4, vectorization_mode="vector_entry_point", scenario=SCENARIO)
    env.reset(options={"workloads": WORKLOADS})
    simulation, reused = env.unwrapped.simulation, 0
    for _ in range(8):
        env.step(np.ones((4, simulation.slots), dtype=np.int8))
        seen = Seen.of(simulation)
        for row in range(4):
            problem = BatchProblem.of_row(simulation, row)
            alone_s = np.empty(len(problem))
            compute_times_alone_s(problem.rule, problem.candidates, alone_s)
            assert seen.alone_s[row, : len(problem)] == pytest.approx(alone_s)
            reused += int((simulation.state.slot_reused_tokens[row, : len(problem)] > 0.0).sum())
    assert reused > 10


def test_batches_of_many_rows_leave_the_memory_that_caches_keep() -> None:
    tight = small_tasks(workload__tasks__kv_cache="keep", node__memory_bytes_per_module=6.6e9, node__modules=1)
    env = gym.make_vec(BATCH_SELECTION, num_envs=4, vectorization_mode="vector_entry_point", scenario=tight)
    env.reset(options={"workloads": draw_workloads(tight, 4, seed=3)})
    simulation, kept = env.unwrapped.simulation, 0.0
    for _ in range(tight.epoch.episode_epochs - 1):
        values = np.ones((4, simulation.slots))
        found = BranchAndBound().solve_many(simulation, values)
        for row in range(4):
            problem = BatchProblem.of_row(simulation, row)
            alone = BranchAndBound().solve(problem)
            assert found.selected[row, : len(problem)].tolist() == alone.selected.tolist()
            assert problem.is_feasible(found.selected[row, : len(problem)])
        kept = max(kept, float(simulation.state.kept_bytes.max()))
        env.step(found.selected.astype(np.int8))
    assert kept > 0.0


@pytest.mark.parametrize("key", ["task-index", "task-admission", "task-values", "expected-work", "told-calls"])
def test_a_rule_is_played_alike_alone_and_in_rows(key: str) -> None:
    rule = OF_BATCHES.rules[key]
    assert rule.plays(SCENARIO)
    assert not rule.plays(small_scenario())
    together = roll_out(rule.acting(0, rule.of(NUMBERS)), BATCH_SELECTION, SCENARIO, WORKLOADS).served
    alone = [roll_out(rule.acting(0, rule.of(NUMBERS)), BATCH_SELECTION, SCENARIO, [one]).served for one in WORKLOADS]
    assert together.tolist() == [int(one[0]) for one in alone]
    assert together.sum() > 0


def test_tuning_chooses_what_completes_most_and_nothing_without_tasks() -> None:
    assert tune_index(small_scenario(), 0) is None
    crowded = small_tasks(workload__arrivals__rate_per_s=6.0, workload__output_tokens=[64, 128])
    workloads = draw_workloads(crowded, TUNING_EPISODES, 1, Stream.TUNING)
    completed = [
        roll_out(lambda env, one=one: valued(index_values, env, [one], 1), BATCH_SELECTION, crowded, workloads).served
        for one in EPOCHS_PER_CALL
    ]
    best = max(range(len(EPOCHS_PER_CALL)), key=lambda one: completed[one].sum())
    assert best > 0  # it is none that is chosen where all are equal
    assert tune_index(crowded, 1) == [EPOCHS_PER_CALL[best], 0.0, 0.0, 0.0]


def test_an_environment_without_tasks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"workload\.tasks"):
        ValuedCalls(told_values(1.0), gym.make(BATCH_SELECTION, scenario=small_scenario()))
