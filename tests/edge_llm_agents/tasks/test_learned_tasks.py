"""Policies that learn from the signals of agent tasks: what they tell, how they play, and their files."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch

from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.networks.perceptrons import Perceptrons
from edge_llm_agents.pretrained.saved_policies import Card, load_policy, save_policy
from edge_llm_agents.tasks.fitting import Found, SignalSettings, learn_signals
from edge_llm_agents.tasks.policy import LearnedTasks
from edge_llm_baselines.tasks.index import Numbers
from edge_llm_baselines.tasks.signals.examples import examples_of
from edge_llm_baselines.tasks.signals.scores import linear_scores
from edge_llm_env import Scenario, ScenarioError, draw_workloads
from edge_llm_env.tasks.signals import SIZE
from tests.support.helpers import small_scenario
from tests.support.tasks import small_tasks

CHAINS = [{"kind": "chain", "median_calls": 3.0, "p90_calls": 7.0, "most_calls": 8}]
SCENARIO = small_tasks(workload__tasks__signals={}, workload__tasks__kinds=CHAINS, epoch__episode_epochs=10)
QUICK = SignalSettings(episodes=60, steps=400, batch_size=256, width=16, validation_episodes=4)


@pytest.fixture(scope="module")
def found() -> Found:
    return learn_signals(SCENARIO, QUICK, seed=1)


@pytest.fixture
def untrained() -> LearnedTasks:
    arrays = Perceptrons(1, (SIZE, 4, 4, 1), torch.Generator().manual_seed(0)).arrays()
    return LearnedTasks(arrays, Numbers(1.0), 0, SCENARIO)


def test_it_tells_more_than_coefficients_and_equal_seeds_learn_the_same(found: Found) -> None:
    again = learn_signals(SCENARIO, QUICK, seed=1)
    assert again.policy.numbers == found.policy.numbers
    for name, array in found.policy.arrays().items():
        np.testing.assert_array_equal(again.policy.arrays()[name], array)
    held_out = examples_of(draw_workloads(SCENARIO, 20, seed=9))
    linear = linear_scores(SCENARIO, 1)(held_out.kind, held_out.signals)
    told = found.policy.scores(held_out.kind, held_out.signals)
    by_coefficients, learned = (np.corrcoef(one, held_out.size)[0, 1] for one in (linear, told))
    assert learned > by_coefficients + 0.1
    assert found.correlation == pytest.approx(learned, abs=0.1)


def test_it_plays_alike_alone_and_together_and_comes_back_from_its_files(found: Found, tmp_path: Path) -> None:
    workloads = draw_workloads(SCENARIO, 3)
    together = evaluate_learned(found.policy, SCENARIO, workloads).served
    alone = [int(evaluate_learned(found.policy, SCENARIO, [one]).served[0]) for one in workloads]
    assert together.tolist() == alone
    assert together.sum() > 0
    card = Card("mine", {}, "supervised regression", {}, 1, 0, {}, {}, content={})
    save_policy(found.policy, card, tmp_path / "mine")
    back, _ = load_policy(tmp_path / "mine")
    assert isinstance(back, LearnedTasks)
    assert back.description() == found.policy.description()
    assert evaluate_learned(back, SCENARIO, workloads).served.tolist() == alone


def test_what_does_not_fit_is_refused(untrained: LearnedTasks) -> None:
    plain = small_tasks(workload__tasks__kinds=CHAINS)
    with pytest.raises(ScenarioError, match=r"workload\.tasks\.signals: must be given"):
        learn_signals(plain, QUICK)
    with pytest.raises(ScenarioError, match=r"workload\.tasks\.signals: must be given"):
        untrained.for_scenario(plain)
    for numbers in ([1.0], [1.0, 0.0, 0.0, float("nan")], [1.0, 0.0, 0.0, "0.2"], [1.0, True, 0.0, 0.0]):
        with pytest.raises(ValueError, match=r"its numbers are \[1\.0.*: must be epochs_per_call.*, all finite"):
            LearnedTasks.from_card({"numbers": numbers, "examples_seed": 0}, untrained.arrays(), SCENARIO)
    two = small_tasks(workload__tasks__signals={}, workload__tasks__kinds=CHAINS * 2)
    with pytest.raises(ValueError, match="its weight0 is of shape"):
        untrained.for_scenario(two)
    with pytest.raises(ValueError, match="steps = 0: must be at least 1"):
        SignalSettings(steps=0)


def test_too_few_workloads_to_have_every_kind_are_refused() -> None:
    rare = [*CHAINS, CHAINS[0] | {"weight": 1e-9}]
    with pytest.raises(ValueError, match="episodes = 2: must be so many that every kind of task is drawn"):
        learn_signals(small_tasks(workload__tasks__signals={}, workload__tasks__kinds=rare), SignalSettings(episodes=2))


@pytest.mark.parametrize(
    ("scenario", "there"),
    [
        (
            small_tasks(workload__tasks__signals={}, workload__tasks__kinds=CHAINS * 2),
            "2 kinds and signals of 5 numbers",
        ),
        (small_tasks(workload__tasks__kinds=CHAINS), "1 kinds and signals of 0 numbers"),
        (small_scenario(), "0 kinds and signals of 0 numbers"),
    ],
)
def test_it_acts_only_where_tasks_are_as_those_learned_from(
    untrained: LearnedTasks, scenario: Scenario, there: str
) -> None:
    env = gym.make(untrained.env_id, scenario=scenario, disable_env_checker=True)
    with pytest.raises(ValueError, match=f"{there}: must be 1 and 5, as learned"):
        untrained.acting(env)
