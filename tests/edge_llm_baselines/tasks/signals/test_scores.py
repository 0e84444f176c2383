"""Scores of signals: what they are fitted to, what is shown so far, and how tasks are parted by them."""

from __future__ import annotations

from statistics import NormalDist

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.tasks.remaining import LEVELS, Remaining
from edge_llm_baselines.tasks.signals.examples import examples_of, training_workloads
from edge_llm_baselines.tasks.signals.scores import linear_scores, told_scores
from edge_llm_baselines.tasks.signals.shown import mean_scores
from edge_llm_baselines.tasks.tuning import tune_linear, tune_told
from edge_llm_baselines.tasks.valued import Seen
from edge_llm_env import draw_workloads
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.tasks.signals import SIZE
from tests.references.tasks.plain_tasks import ReferenceTasks
from tests.references.tasks.seen_tasks import shown_so_far
from tests.support.tasks import ALL_KINDS, small_tasks

SCENARIO = small_tasks(workload__tasks__signals={})
WORKLOADS = draw_workloads(SCENARIO, 4, seed=3)
NUMBERS = {"signals": [2.0, 0.3, 0.2, 0.2], "told_signals": [2.0, 0.3, 0.2, 0.2]}


def test_sizes_are_normal_scores_of_calls_among_tasks_of_the_kind() -> None:
    kind, signals, size = examples_of(WORKLOADS)
    calls = [np.bincount(workload.task) for workload in WORKLOADS]
    kinds = [workload.task_kind[np.flatnonzero(np.diff(workload.task, prepend=-1))] for workload in WORKLOADS]
    of_task, of_kind = np.concatenate(calls), np.concatenate(kinds)
    assert np.array_equal(signals, np.concatenate([workload.signals for workload in WORKLOADS]))
    assert len(size) == of_task.sum()
    begins = np.cumsum(of_task) - of_task
    for task, (many, each) in enumerate(zip(of_task.tolist(), of_kind.tolist(), strict=True)):
        alike = of_task[of_kind == each]
        below = ((alike < many).sum() + 0.5 * (alike == many).sum()) / len(alike)
        mine = slice(begins[task], begins[task] + many)
        assert (kind[mine] == each).all()
        assert size[mine] == pytest.approx(np.full(many, NormalDist().inv_cdf(below)))


def test_coefficients_tell_some_of_a_size_and_the_form_most() -> None:
    held_out = examples_of(draw_workloads(SCENARIO, 20, seed=9))
    linear, told = (make(SCENARIO, 0)(held_out.kind, held_out.signals) for make in (linear_scores, told_scores))
    chains = held_out.kind == 0
    by_coefficients, by_form = (np.corrcoef(one[chains], held_out.size[chains])[0, 1] for one in (linear, told))
    assert 0.25 < by_coefficients < by_form - 0.15
    with pytest.raises(ValueError, match=r"workload\.tasks\.signals: must be given"):
        told_scores(small_tasks(), 0)
    with pytest.raises(ValueError, match="workload signals: must be given"):
        examples_of(draw_workloads(small_tasks(), 1))


def test_a_kind_that_was_never_drawn_has_a_score() -> None:
    rare = [*ALL_KINDS[:2], ALL_KINDS[2] | {"weight": 1e-9}]
    scenario = small_tasks(workload__tasks__signals={}, workload__tasks__kinds=rare, epoch__episode_epochs=10)
    signals = np.ones((3, SIZE))
    scores = linear_scores(scenario, 0)(np.arange(3), signals)
    assert scores[2] == 0.0
    assert (scores[:2] != 0.0).all()


def test_a_score_is_the_mean_of_what_has_been_shown() -> None:
    env = gym.make(BATCH_SELECTION, scenario=SCENARIO, disable_env_checker=True)
    scores = linear_scores(SCENARIO, 0)
    env.reset(options={"workload": WORKLOADS[0]})
    reference, rng, several = ReferenceTasks(SCENARIO, WORKLOADS[0]), np.random.default_rng(0), 0
    for _ in range(SCENARIO.epoch.episode_epochs - 1):
        seen = Seen.of(env.unwrapped.simulation)
        slots = np.flatnonzero(seen.present[0])
        found = mean_scores(
            scores, env.unwrapped.simulation.state, np.zeros(len(slots), dtype=int), seen.call[0, slots]
        )
        for slot, mean in zip(slots.tolist(), found.tolist(), strict=True):
            call = reference.visible[slot]
            signals = np.array(shown_so_far(reference, call))
            kind = np.full(len(signals), reference.task_of[id(call)].kind)
            assert mean == pytest.approx(scores(kind, signals).mean())
            several += len(signals) > 1
        action = (rng.random(SCENARIO.epoch.visible_slots) < 0.8).astype(np.int8)
        reference.step_batch_selection(action.tolist())
        env.step(action)
    assert several > 10


def test_tasks_are_parted_by_their_scores_and_none_is_lost() -> None:
    workloads = training_workloads(SCENARIO, 0)
    plain, parted = Remaining(SCENARIO, workloads), Remaining(SCENARIO, workloads, told_scores(SCENARIO, 0))
    assert parted.groups == LEVELS * plain.groups
    for (kind, done), left in plain.samples.items():
        mine = [parted.samples.get((kind * LEVELS + level, done)) for level in range(LEVELS)]
        work_s = np.concatenate([one.work_s for one in mine if one is not None])
        assert np.sort(work_s) == pytest.approx(left.work_s)
    means = parted.mean_work_s()[:LEVELS, 0]
    assert means[-1] > 1.5 * means[0]
    assert np.corrcoef(np.arange(LEVELS), means)[0, 1] > 0.8


@pytest.mark.parametrize("key", ["task-signals", "told-signals"])
def test_a_rule_is_played_alike_alone_and_in_rows(key: str) -> None:
    rule = OF_BATCHES.rules[key]
    assert rule.plays(SCENARIO)
    assert not rule.plays(small_tasks())
    together = roll_out(rule.acting(0, rule.of(NUMBERS)), BATCH_SELECTION, SCENARIO, WORKLOADS).served
    alone = [roll_out(rule.acting(0, rule.of(NUMBERS)), BATCH_SELECTION, SCENARIO, [one]).served for one in WORKLOADS]
    assert together.tolist() == [int(one[0]) for one in alone]
    assert together.sum() > 0


def test_there_is_nothing_to_tune_without_signals() -> None:
    assert tune_linear(small_tasks(), 0) is None
    assert tune_told(small_tasks(), 0) is None
