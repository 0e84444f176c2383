"""`BestLevels` against HiGHS, against every choice, and in the environment."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.levels.epoch import epoch_of_row
from edge_llm_baselines.levels.exact.best_levels import BestLevels
from edge_llm_baselines.levels.exact.milp import LevelsMilp
from edge_llm_baselines.levels.exact.problem import NOBODY, Choice, LevelsProblem
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import SERVICE_LEVEL
from experiments.proofs.level_instances import random_epoch


def of_every_choice(problem: LevelsProblem) -> float:
    """The most that any choice is worth, each tried."""
    levels = [(NOBODY, 0), *product(range(len(problem.groups)), range(problem.compressions))]
    most = 0.0
    for chosen in product(levels, repeat=len(problem)):
        choice = Choice(*np.array(chosen).T)
        if (value := problem.value(choice)) > most and problem.is_feasible(choice):
            most = value
    return most


KINDS = pytest.mark.parametrize("kinds", [None, 2])


@KINDS
def test_small_epochs_are_solved_as_by_trying_every_choice(kinds: int | None):
    rng = np.random.default_rng(0)
    for _ in range(12):
        problem = random_epoch(rng, most_requests=3, most_groups=2, kinds=kinds)
        found = BestLevels().solve(problem)
        assert found.optimal
        assert problem.is_feasible(found.choice)
        assert found.value == pytest.approx(of_every_choice(problem), rel=1e-9)


@KINDS
def test_epochs_are_solved_as_by_highs(kinds: int | None):
    rng = np.random.default_rng(1)
    for _ in range(40):
        problem = random_epoch(rng, most_requests=9, kinds=kinds)
        found = BestLevels().solve(problem)
        assert found.optimal
        assert found.value == found.upper_bound
        assert problem.is_feasible(found.choice)
        assert found.value == pytest.approx(problem.value(LevelsMilp().solve(problem)), rel=1e-7)


@pytest.mark.parametrize("scale", [1e-5, 1e-7])
def test_highs_tells_small_values_apart(scale: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        problem = random_epoch(rng, most_requests=9)
        groups = tuple(replace(group, values=scale * group.values) for group in problem.groups)
        small = LevelsProblem(groups, problem.compressions)
        assert small.value(LevelsMilp().solve(small)) == pytest.approx(BestLevels().solve(small).value, rel=1e-7)


def test_a_search_that_stops_has_a_choice_and_a_bound():
    rng = np.random.default_rng(2)
    stopped = 0
    for _ in range(20):
        problem = random_epoch(rng, most_requests=9)
        best, some = BestLevels().solve(problem), BestLevels(node_limit=2).solve(problem)
        assert problem.is_feasible(some.choice)
        assert some.value <= best.value * (1 + 1e-9) <= some.upper_bound * (1 + 2e-9)
        stopped += not some.optimal
    assert stopped > 5
    with pytest.raises(ValueError, match="node_limit = 0: must be at least 1"):
        BestLevels(node_limit=0)


@pytest.mark.parametrize("preset", ["service-levels", "specialists"])
def test_the_environment_pays_what_the_plan_is_worth(preset: str):
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 8, "epoch.visible_slots": 12})
    env = gym.make(SERVICE_LEVEL, scenario=scenario).unwrapped
    env.reset(seed=1)
    paid = 0.0
    for epoch in range(8):
        known, levels = epoch_of_row(env.simulation), np.zeros(12, dtype=np.int64)
        expected = 0.0
        if known.problem is not None:
            found = BestLevels().solve(known.problem)
            levels, expected = known.levels(found.choice, 12), found.value
        targets = np.zeros(3, dtype=np.int64)
        if epoch == 3:  # a load begins with the next epoch's plan, which knows of it
            targets[0] = 1 + (env.simulation.state.module_variant[0, 0] + 1) % len(scenario.variants)
            levels[:] = 0
            expected = 0.0
        _, reward, *_, info = env.step(np.concatenate((levels, targets)))
        assert reward == pytest.approx(expected, rel=1e-9)
        assert info["not_admitted"] == 0
        paid += reward
    assert paid > 0.0


def test_problems_that_are_none_are_refused():
    problem = random_epoch(np.random.default_rng(3), most_requests=3)
    with pytest.raises(ValueError, match="compressions = 0: must divide the items of a group"):
        LevelsProblem(problem.groups, 0)
    with pytest.raises(ValueError, match="must be one number"):
        LevelsProblem((), 1)
    env = gym.make(SERVICE_LEVEL, scenario=load_scenario("carry-over")).unwrapped
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"waits = 1\.0: must be at least 0, and below 1"):
        epoch_of_row(env.simulation, 0, 1.0)
