"""Learned orders of calls on an engine: what they begin as, what their numbers do, what a search finds, their cards."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents.calls import search as search_module
from edge_llm_agents.calls.engine import LearnedOrder
from edge_llm_agents.calls.order import RULE, SPREADS, cost
from edge_llm_agents.calls.search import CallSettings, search_order
from edge_llm_agents.commands.training.tasks import Calls
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.leaderboard.policies.seeds import settings_of
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.seeded.runs import save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import FEWEST_CALLS
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from tests.support.helpers import small_scenario

CHANGED = {"epoch.episode_epochs": 30, "workload.arrivals.rate_per_s": 1.5}
CHAINS = load_scenario("agents-chain-continuous", **CHANGED)
TIGHT = load_scenario(
    "agents-chain-continuous",
    **{"epoch.episode_epochs": 30, "workload.arrivals.rate_per_s": 2.0, "node.memory_bytes_per_module": 14e9},
)
BEGUN_LATE = (2048.0, 8.0, 4.0)
NONE = np.zeros(len(SPREADS))
SMALL = CallSettings(
    generations=2, episodes=2, cross_entropy=CrossEntropySettings(4, 2, 0.5, 1.0, 0.1), validate_every=1,
    validation_episodes=2,
)  # fmt: skip


def drawn(members: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(members, len(SPREADS)))
    return np.array(list(SPREADS.values())) * noise


@pytest.mark.parametrize("scenario", [CHAINS, TIGHT], ids=["chains", "tight"])
@pytest.mark.parametrize("rule", [BEGUN_LATE, (512.0, 32.0, 0.0)], ids=["begun late", "at once"])
def test_without_corrections_it_does_what_the_rule_does(scenario: Any, rule: tuple[float, ...]) -> None:
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=scenario)
    learned, other = LearnedOrder(NONE, rule, scenario).acting(env), LearnedOrder(4.0 * drawn(1), rule, scenario)
    asked, differ = 0, 0
    for step in play(env, SchedulerPolicy(FEWEST_CALLS, rule, env), seed=0):
        # The step has been taken: both are asked about where it has led to.
        if not step.truncated:
            action = SchedulerPolicy(FEWEST_CALLS, rule, env).predict(step.next_observation)[0]
            assert learned.predict(step.next_observation)[0] == action
            asked += 1
            differ += other.acting(env).predict(step.next_observation)[0] != action
    assert asked > 300
    assert differ > 3


def test_a_population_plays_as_its_members_alone() -> None:
    workloads = draw_workloads(CHAINS, 2)
    rule = roll_out(lambda env: SchedulerPolicy(FEWEST_CALLS, BEGUN_LATE, env), CONTINUOUS_BATCHING, CHAINS, workloads)
    numbers = 4.0 * drawn(1)[0]
    pair = LearnedOrder(np.stack((NONE, numbers)), BEGUN_LATE, CHAINS)
    served = evaluate_learned(pair, CHAINS, workloads * 2).served.tolist()
    assert served[:2] == rule.served.tolist()
    alone = LearnedOrder(numbers, BEGUN_LATE, CHAINS)
    assert served[2:] == [evaluate_learned(alone, CHAINS, [one]).served[0] for one in workloads]
    assert served[2:] != served[:2]
    assert evaluate_learned(pair, CHAINS, workloads * 2).served.tolist() == served


def test_a_call_costs_what_is_left_times_e_to_the_sum() -> None:
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=CHAINS)
    numbers = drawn(1)[0]
    n, padded = dict(zip(SPREADS, numbers.tolist(), strict=True)), np.concatenate((np.zeros(len(RULE)), numbers))
    inner, compared, kept_before = env.unwrapped, 0, 0
    for _ in play(env, SchedulerPolicy(FEWEST_CALLS, BEGUN_LATE, env), seed=0):
        simulation = inner.simulation
        params, state, time = simulation.params, simulation.state, simulation.params.time
        for slot in range(state.in_slots[0]):
            call = state.waiting[0, slot]
            first = state.task_first[0, call]
            done, target = int(state.calls_served[0, first]), float(state.target[0, call])
            cached, tokens = float(state.cached[0, call]), float(state.told_tokens[0, call] - state.generated[0, call])
            left = params.tasks.expected_calls_left[state.task_kind[0, call], done]
            work_s = time.prefill_pass + time.prefill_token * (target - cached) + time.prefill_sequence
            work_s += time.prefill_pair * 0.5 * (target**2 - cached**2)
            work_s += tokens * (time.decode_sequence + time.decode_context * (target + 0.5 * tokens))
            slack = math.log((state.first_due_s[0, call] - state.now_s[0]) / (6.0 * left))
            slack = min(max(slack, -2.0), 2.0)
            kept = state.reused_tokens[0, call]
            own = -(-int(target) // params.block_tokens) - kept // params.block_tokens
            for load in (-0.25, 0.5):
                x = (
                    n["left"] * math.log(left)
                    + n["done"] * math.log(1 + done)
                    + (n["work"] + load * n["work_by_load"]) * math.log(work_s / 0.1)
                    + n["output"] * math.log2(tokens / 64.0)
                    + (n["kept"] + load * n["kept_by_load"]) * kept / target
                    + n["blocks"] * own / params.blocks
                    + (n["not_begun"] + load * n["not_begun_by_load"]) * (done == 0)
                    + (n["slack"] + load * n["slack_by_load"]) * slack
                )
                found = cost(params, state, 0, call, load, padded)
                assert found == pytest.approx(left * math.exp(min(max(x, -6.0), 6.0)), rel=1e-9)
            compared += 1
            kept_before += kept > 0
    assert compared > 100
    assert kept_before > 20


def test_most_sequences_and_who_is_begun_are_corrected_too() -> None:
    def most_running(**changed: float) -> int:
        env: Any = gym.make(CONTINUOUS_BATCHING, scenario=CHAINS)
        numbers = np.array([changed.get(name, 0.0) for name in SPREADS])
        policy = LearnedOrder(numbers, BEGUN_LATE, CHAINS).acting(env)
        return max(step.next_info["running"] for step in play(env, policy, seed=0))

    assert most_running() == 8
    assert most_running(sequences=math.log(0.5)) == 4
    assert most_running(begin=1000.0) == 0
    assert most_running(begin=-1000.0, begin_by_load=4000.0) in range(1, 9)  # 0 where nobody waits


def test_what_is_trained_is_saved_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "tuned_numbers", lambda scheduler, scenario, seed: BEGUN_LATE)
    monkeypatch.setattr("edge_llm_baselines.schedulers.policy.TUNING_EPISODES", 1)
    judge = judge_of(CONTINUOUS_BATCHING, CHAINS, 2)
    (trained,) = train_seeds("agents-chain-continuous", CHANGED, SMALL, [1], judge)
    again = search_order(CHAINS, SMALL, 1).policy
    np.testing.assert_array_equal(again.numbers, trained.policy.arrays()["numbers"][None])
    save_training(trained, "calls-engine", tmp_path, tmp_path)
    policy, card = load_policy(tmp_path / "calls-engine", CHAINS)
    assert isinstance(policy, LearnedOrder)
    assert policy.rule == BEGUN_LATE
    np.testing.assert_array_equal(policy.numbers, again.numbers)
    served = evaluate_learned(policy, CHAINS, judge.workloads).served
    assert card.check["served"] == served[: card.check["episodes"]].sum()
    assert settings_of(str(tmp_path / "calls-engine"), 1) == SMALL


def test_what_does_not_fit_is_refused() -> None:
    learned = LearnedOrder(NONE, BEGUN_LATE, CHAINS)
    with pytest.raises(ValueError, match="must have 15 per member"):
        LearnedOrder(np.zeros(3), BEGUN_LATE, CHAINS)
    with pytest.raises(ValueError, match=r"workload\.tasks: must be given"):
        learned.for_scenario(small_scenario())
    for rule in ([1.0], [1.0, 2.0, math.nan], [1.0, "2", 3.0], [True, 2.0, 3.0]):
        with pytest.raises(ValueError, match="must be prompt_tokens, sequences, slack_s_per_call, all finite"):
            LearnedOrder.from_card(learned.description() | {"rule": rule}, learned.arrays(), CHAINS)
    with pytest.raises(ValueError, match=r"numbers\[0\] is 'price': must be 'left'"):
        LearnedOrder.from_card(learned.description() | {"numbers": ["price"]}, learned.arrays(), CHAINS)
    env = gym.make_vec(CONTINUOUS_BATCHING, num_envs=3, vectorization_mode="vector_entry_point", scenario=CHAINS)
    with pytest.raises(ValueError, match="env of 3 rows: must have a multiple of 2, the policy's members"):
        LearnedOrder(drawn(2), BEGUN_LATE, CHAINS).acting(env)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"env": "EdgeLLM/Bandwidth-v0"}, "env = 'EdgeLLM/Bandwidth-v0': must be one of EdgeLLM/BatchSelection-v0"),
        ({"env": CONTINUOUS_BATCHING, "scenario": "chat-4090"}, r"workload\.tasks: must be given"),
        ({"env": CONTINUOUS_BATCHING, "scenario": "agents-signals"}, r"reward\.task_failed = -1\.0: must be 0"),
    ],
)
def test_the_command_refuses_what_it_cannot_search_before_anything_is_played(
    asked: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Calls, "train", lambda *arguments, **named: pytest.fail("plays"))
    with pytest.raises(ValueError, match=said):
        Calls(**asked).run()
