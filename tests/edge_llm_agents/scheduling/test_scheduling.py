"""Learned schedulers: what they begin as, what they do, what a search finds, and how they are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents.commands import train as train_command
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.report.watching import named_policy
from edge_llm_agents.scheduling import search as search_module
from edge_llm_agents.scheduling.numbers import NUMBERS, SPREADS, starting_point
from edge_llm_agents.scheduling.policy import LearnedScheduler
from edge_llm_agents.scheduling.search import SchedulerSettings, search_scheduler
from edge_llm_agents.seeded.runs import save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.engine.params import engine_params
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING

SHORT = load_scenario("chat-4090", **{"epoch.episode_epochs": 2})
TIGHT = load_scenario("long-context", **{"epoch.episode_epochs": 3, "node.memory_bytes_per_module": 19.5e9})
RULE = (4.0, 0.5, 3.0)
SMALL = SchedulerSettings(
    generations=2,
    episodes=2,
    cross_entropy=CrossEntropySettings(4, 2, 0.6, 1.0, 0.1),
    validate_every=2,
    validation_episodes=2,
)


@pytest.fixture(autouse=True)
def _nothing_takes_long_to_tune(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "tuned_numbers", lambda scheduler, scenario, seed: RULE)


def drawn(scenario: Any, members: int = 1) -> LearnedScheduler:
    """Around the rule."""
    noise = np.random.default_rng(0).normal(size=(members, len(NUMBERS)))
    spreads = np.array([SPREADS[name] for name in NUMBERS])
    return LearnedScheduler(starting_point(engine_params(scenario), RULE) + spreads * noise, scenario)


@pytest.mark.parametrize("scenario", [SHORT, TIGHT], ids=["short", "tight"])
def test_a_search_begins_with_the_rule(scenario: Any) -> None:
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=scenario)
    begun = LearnedScheduler(starting_point(engine_params(scenario), RULE), scenario).acting(env)
    same = []
    for step in play(env, SchedulerPolicy(CHEAPEST, RULE, env), seed=0):
        # The step has been taken: both are asked about where it has led to.
        if not step.truncated:
            asked = SchedulerPolicy(CHEAPEST, RULE, env).predict(step.next_observation)[0]
            same.append(begun.predict(step.next_observation)[0] == asked)
    assert len(same) > 30
    assert np.mean(same) > 0.98  # it sees what is rounded to float32, and no delay beyond 0


@pytest.mark.parametrize("scenario", [SHORT, TIGHT], ids=["short", "tight"])
def test_it_only_does_what_is_open_and_one_row_is_as_many(scenario: Any) -> None:
    workloads = draw_workloads(scenario, 2)
    env: Any = gym.make_vec(CONTINUOUS_BATCHING, num_envs=4, vectorization_mode="vector_entry_point", scenario=scenario)
    pair = drawn(scenario, members=2)
    for step in play(env, pair.acting(env), workloads=workloads * 2):
        running = ~np.asarray(step.info["epochs"] >= scenario.epoch.episode_epochs)
        assert step.info["action_mask"][np.arange(4), step.action][running].all()
    together = step.next_info["served"]
    assert (step.next_info["invalid_actions"] == 0).all()
    for at, numbers in enumerate(pair.numbers):
        for of, workload in enumerate(workloads):
            one: Any = gym.make(CONTINUOUS_BATCHING, scenario=scenario)
            *_, last = play(one, LearnedScheduler(numbers, scenario).acting(one), workloads=[workload])
            assert last.next_info["served"] == together[2 * at + of]


def test_what_is_trained_is_saved_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_llm_baselines.schedulers.policy.TUNING_EPISODES", 1)
    judge = judge_of(CONTINUOUS_BATCHING, SHORT, 3)
    (trained,) = train_seeds("chat-4090", {"epoch.episode_epochs": 2}, SMALL, [1], judge)
    again = search_scheduler(SHORT, SMALL, 1).policy
    np.testing.assert_array_equal(again.numbers, trained.policy.arrays()["numbers"][None])
    save_training(trained, "continuous-short", tmp_path, tmp_path)
    policy, card = load_policy(tmp_path / "continuous-short", SHORT)
    np.testing.assert_array_equal(policy.arrays()["numbers"], again.numbers[0])
    served = evaluate_learned(policy, SHORT, judge.workloads).served
    assert card.check["served"] == served[: card.check["episodes"]].sum()
    assert card.hyperparameters["generations"] == 2
    written = json.loads((tmp_path / "continuous-short.json").read_text())
    written["numbers"] = written["numbers"][1:]
    (tmp_path / "continuous-short.json").write_text(json.dumps(written))
    with pytest.raises(ValueError, match=r"numbers\[0\] is 'prefill_share': must be 'patience'"):
        load_policy(tmp_path / "continuous-short")


def test_what_the_command_trains_is_loaded_and_acts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.toml"
    own.write_text('extends = "chat-4090"\nname = "own"\n[epoch]\nepisode_epochs = 2\n')
    scenario = load_scenario(own)
    begun = LearnedScheduler(starting_point(engine_params(scenario), RULE), scenario)
    monkeypatch.setattr("edge_llm_agents.training.train.train", lambda *arguments, **named: begun)
    train_command.Policy(env=CONTINUOUS_BATCHING, scenario=str(own), out=tmp_path / "mine.zip").run()
    policy, card = load_policy(tmp_path / "mine", scenario)
    assert card.algorithm == "scheduler"
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=scenario)
    acting = named_policy(str(tmp_path / "mine"), env, seed=0)
    observation, info = env.reset(seed=0)
    assert info["action_mask"][acting.predict(observation)[0]]
    np.testing.assert_array_equal(policy.arrays()["numbers"], begun.numbers[0])


def test_numbers_of_another_count_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"numbers of shape \(3,\): must have"):
        LearnedScheduler(np.zeros(3), SHORT)
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=SHORT)
    with pytest.raises(ValueError, match="must have a multiple of 2 rows"):
        drawn(SHORT, members=2).acting(env).predict(env.reset(seed=0)[0])
    with pytest.raises(ValueError, match="has 2 members, must have 1"):
        drawn(SHORT, members=2).arrays()
    with pytest.raises(ValueError, match="generations = 0: must be at least 1"):
        SchedulerSettings(generations=0)


def test_a_search_finds_more_than_the_rule() -> None:
    crowded = load_scenario(SHORT, **{"workload.arrivals.rate_per_s": 6.0})
    settings = SchedulerSettings(generations=6, episodes=4, validate_every=3, validation_episodes=8)
    found = search_scheduler(crowded, settings, 0)
    assert [one.generation for one in found.curve] == list(range(7))
    workloads = draw_workloads(crowded, 8)
    learned = evaluate_learned(found.policy, crowded, workloads).served.sum()
    rule = roll_out(lambda env: SchedulerPolicy(CHEAPEST, RULE, env), CONTINUOUS_BATCHING, crowded, workloads).served
    assert learned > 1.02 * rule.sum()
