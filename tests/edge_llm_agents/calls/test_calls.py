"""Learned values of calls: what they begin as, what their numbers do, what a search finds, and how they are kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents.calls import search as search_module
from edge_llm_agents.calls.policy import LearnedCalls
from edge_llm_agents.calls.search import CallSettings, search_calls
from edge_llm_agents.calls.worth import SPREADS, corrected_values
from edge_llm_agents.commands.training.tasks import Calls
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.leaderboard.policies.seeds import settings_of
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.seeded.runs import save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.tasks.index import Numbers, index_values
from edge_llm_baselines.tasks.remaining import Remaining, remaining_of
from edge_llm_baselines.tasks.valued import Floats, Seen, ValuedCalls
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from tests.support.helpers import small_scenario
from tests.support.tasks import small_tasks

CHANGED = {"epoch.visible_slots": 12, "epoch.episode_epochs": 30}
CHAINS = load_scenario("agents-chain", **CHANGED)
RULE = Numbers(1.0, 0.6, 0.2)
SMALL = CallSettings(
    generations=2, episodes=2, cross_entropy=CrossEntropySettings(4, 2, 0.5, 1.0, 0.1), validate_every=1,
    validation_episodes=2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_takes_long_to_tune(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "tune_admission", lambda scenario, seed: list(RULE))


def drawn(members: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(members, len(SPREADS)))
    return np.array(list(SPREADS.values())) * noise


class Watched:
    """A policy of values that keeps what two kinds of them are of every epoch seen."""

    def __init__(self, remaining: Remaining, numbers: Floats) -> None:
        self._rule = index_values(remaining, [RULE])
        self._learned = corrected_values(remaining, RULE, numbers)
        self.seen: list[tuple[dict[str, Any], Floats, Floats]] = []

    def __call__(self, seen: Seen) -> Floats:
        state = seen.simulation.state
        rows = np.arange(len(seen.present))[:, None]
        told = {
            "present": seen.present.copy(), "kind": seen.kind, "done": seen.done, "slack": seen.slack_epochs,
            "alone": seen.alone_s, "output": state.slot_output_tokens.copy(), "kept": state.slot_reused_tokens.copy(),
            "prompt": state.slot_prompt_tokens.copy(), "held": state.cached_tokens[rows, seen.first],
        }  # fmt: skip
        self.seen.append((told, self._rule(seen), self._learned(seen)))
        return self.seen[-1][1]


def watched(numbers: Floats) -> Watched:
    watching = Watched(remaining_of(CHAINS, 0), numbers)
    roll_out(lambda env: ValuedCalls(watching, env), BATCH_SELECTION, CHAINS, draw_workloads(CHAINS, 3, seed=4))
    return watching


def test_without_corrections_values_are_the_rules_to_the_bit() -> None:
    seen = watched(np.zeros((1, len(SPREADS)))).seen
    assert sum(told["present"].sum() for told, _, _ in seen) > 100
    for told, rule, learned in seen:
        assert rule[told["present"]].tobytes() == learned[told["present"]].tobytes()


def test_a_search_begins_with_the_rule_and_one_row_is_as_many() -> None:
    workloads = draw_workloads(CHAINS, 3)
    remaining = remaining_of(CHAINS, 0)
    rule = roll_out(lambda env: ValuedCalls(index_values(remaining, [RULE]), env), BATCH_SELECTION, CHAINS, workloads)
    other = 4.0 * drawn(1)[0]
    pair = LearnedCalls(np.stack((np.zeros(len(SPREADS)), other)), RULE, 0, CHAINS)
    served = evaluate_learned(pair, CHAINS, workloads * 2).served
    assert served[:3].tolist() == rule.served.tolist()
    alone = [evaluate_learned(LearnedCalls(other, RULE, 0, CHAINS), CHAINS, [one]).served[0] for one in workloads]
    assert served[3:].tolist() == alone
    assert served[3:].tolist() != served[:3].tolist()


def test_values_are_the_rules_times_e_to_the_sum() -> None:
    numbers = drawn(1)
    n = dict(zip(SPREADS, numbers[0].tolist(), strict=True))
    remaining = remaining_of(CHAINS, 0)
    chances, window_s = remaining.chances(RULE.epochs_per_call), CHAINS.epoch.compute_window_s
    compared = 0
    for told, rule, learned in watched(numbers).seen:
        for row in range(len(rule)):
            slots = np.flatnonzero(told["present"][row])
            load = min(sum(told["alone"][row, slots]) / window_s, 4.0) / 4.0 - 0.5
            for slot in slots:
                one = {name: array[row, slot].item() for name, array in told.items()}
                slack = min(one["slack"], remaining.slacks - 1)
                in_row = remaining.samples[one["kind"], one["done"]].calls_in_row.mean()
                alone, output = math.log(one["alone"] / window_s), math.log2(one["output"] / 64.0)
                spare = min(max(math.log((slack + 1.0) / (2.0 * in_row)), -2.0), 2.0)
                x = (
                    n["done"] * math.log(1 + one["done"])
                    + (n["alone"] + load * n["alone_by_load"]) * alone
                    + (n["output"] + load * n["output_by_load"]) * output
                    + n["kept"] * one["kept"] / (one["kept"] + one["prompt"])
                    + n["held"] * one["held"] / 1000.0
                    + (n["not_begun"] + load * n["not_begun_by_load"]) * (one["done"] == 0)
                    + n["chance"] * math.log(chances[one["kind"], one["done"], slack] + 0.02)
                    + (n["slack"] + load * n["slack_by_load"]) * spare
                )
                assert learned[row, slot] == pytest.approx(rule[row, slot] * math.exp(x), rel=1e-9)
                compared += 1
    assert compared > 100


def test_what_is_trained_is_saved_and_loaded(tmp_path: Path) -> None:
    judge = judge_of(BATCH_SELECTION, CHAINS, 2)
    (trained,) = train_seeds("agents-chain", CHANGED, SMALL, [1], judge)
    again = search_calls(CHAINS, SMALL, 1).policy
    np.testing.assert_array_equal(again.numbers, trained.policy.arrays()["numbers"][None])
    save_training(trained, "calls-chains", tmp_path, tmp_path)
    policy, card = load_policy(tmp_path / "calls-chains", CHAINS)
    assert isinstance(policy, LearnedCalls)
    assert (policy.rule, policy.counted_seed) == (RULE, 1)
    np.testing.assert_array_equal(policy.numbers, again.numbers)
    served = evaluate_learned(policy, CHAINS, judge.workloads).served
    assert card.check["served"] == served[: card.check["episodes"]].sum()
    assert settings_of(str(tmp_path / "calls-chains"), 1) == SMALL


def test_what_does_not_fit_is_refused() -> None:
    numbers = drawn(1)[0]
    learned = LearnedCalls(numbers, RULE, 0, CHAINS)
    with pytest.raises(ValueError, match="must have 12 per member"):
        LearnedCalls(np.zeros(3), RULE, 0, CHAINS)
    with pytest.raises(ValueError, match=r"workload\.tasks: must be given"):
        learned.for_scenario(small_scenario())
    with pytest.raises(ValueError, match=r"its numbers are \[1\.0\]: must be epochs_per_call"):
        LearnedCalls.from_card(learned.description() | {"rule": [1.0]}, learned.arrays(), CHAINS)
    with pytest.raises(ValueError, match=r"numbers\[0\] is 'price': must be 'done'"):
        LearnedCalls.from_card(learned.description() | {"numbers": ["price"]}, learned.arrays(), CHAINS)
    env = gym.make_vec(BATCH_SELECTION, num_envs=3, vectorization_mode="vector_entry_point", scenario=CHAINS)
    with pytest.raises(ValueError, match="env of 3 rows: must have a multiple of 2, the policy's members"):
        LearnedCalls(drawn(2), RULE, 0, CHAINS).acting(env)
    with pytest.raises(ValueError, match="episodes = 0: must be at least 1"):
        CallSettings(episodes=0)


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("carry-over", r"workload\.tasks: must be given"),
        ("agents-signals", r"reward\.task_failed = -1\.0: must be 0, as the search counts tasks completed"),
    ],
)
def test_the_command_refuses_what_it_cannot_count_before_anything_is_played(
    scenario: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Calls, "train", lambda *arguments, **named: pytest.fail("plays"))
    with pytest.raises(ValueError, match=said):
        Calls(scenario=scenario).run()


def test_tasks_of_every_kind_are_valued() -> None:
    scenario = small_tasks()
    found = evaluate_learned(LearnedCalls(drawn(1)[0], RULE, 0, scenario), scenario, draw_workloads(scenario, 2))
    assert found.served.sum() > 0
