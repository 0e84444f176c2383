"""Learned orders of uploads: what they begin as, what their numbers do, what a search finds, and how they are kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_agents.commands.training.uploads import Uploads
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.leaderboard.policies.seeds import settings_of
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.seeded.runs import save_training
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.uploads import search as search_module
from edge_llm_agents.uploads.order import SPREADS, LearnedOrder, starting_point
from edge_llm_agents.uploads.policy import LearnedUploads
from edge_llm_agents.uploads.search import UploadSettings, search_uploads
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.uploads.predictive import prospects
from edge_llm_baselines.uploads.stopping import OptimalStopping, chain_of, worth_of_waiting
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import BANDWIDTH
from experiments.allocation.checks import states
from tests.support.helpers import small_scenario

CHANGED = {"epoch.visible_slots": 8, "epoch.episode_epochs": 8}
ROAD = load_scenario("mobile-uplink", **CHANGED)
PRICE = 1.4
SMALL = UploadSettings(
    generations=2, episodes=2, cross_entropy=CrossEntropySettings(4, 2, 0.5, 1.0, 0.1), validate_every=1,
    validation_episodes=2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_takes_long_to_tune(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "tune_price", lambda scenario, seed: PRICE)


def drawn(members: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(members, len(SPREADS)))
    return starting_point(PRICE) + np.array(list(SPREADS.values())) * noise


def test_a_search_begins_with_optimal_stopping_and_one_row_is_as_many() -> None:
    workloads = draw_workloads(ROAD, 3)
    rule = roll_out(lambda env: AllocationPolicy(OptimalStopping(PRICE, ROAD), env), BANDWIDTH, ROAD, workloads)
    other = drawn(1)[0]
    pair = LearnedUploads(np.stack((starting_point(PRICE), other)), ROAD)
    served = evaluate_learned(pair, ROAD, workloads * 2).served
    assert served[:3].tolist() == rule.served.tolist()
    alone = [evaluate_learned(LearnedUploads(other, ROAD), ROAD, [one]).served[0] for one in workloads]
    assert served[3:].tolist() == alone


def test_the_order_is_that_of_the_sum_and_the_price_goes_with_the_demand() -> None:
    numbers = drawn(1)[0]
    n = dict(zip(SPREADS, numbers.tolist(), strict=True))
    compared = 0
    for simulation, row in states(BANDWIDTH, ROAD, 30, seed=3):
        share, to_come, later = prospects(simulation.params, simulation.state, row)
        if len(share) < 2:
            continue
        demand = max(0.3, sum(min(1.0, one) for one in share))
        price = math.exp(n["log_price"] + n["log_price_by_demand"] * (math.log(demand) - 2.0))
        worth = worth_of_waiting(simulation.params, simulation.state, row, price, *chain_of(ROAD))
        keys = []
        for u, b, k, w in zip(share, to_come, later, worth, strict=True):
            better = min(max(math.log(u) - math.log(min(b, 50.0)), -2.0), 2.0) if k else 0.0
            keys.append(
                math.log(1.0 - w)
                - (1.0 + n["remaining"]) * math.log(u)
                + n["later"] * math.log(1.0 + k)
                + n["better_later"] * better
                + n["remaining_later"] * math.log(u) * math.log(1.0 + k)
            )
        order = LearnedOrder(numbers, ROAD).order(simulation, row)
        assert order.tolist() == sorted(range(len(keys)), key=lambda slot: -keys[slot])
        compared += 1
    assert compared > 10


def test_what_is_trained_is_saved_and_loaded(tmp_path: Path) -> None:
    judge = judge_of(BANDWIDTH, ROAD, 2)
    (trained,) = train_seeds("mobile-uplink", CHANGED, SMALL, [1], judge)
    again = search_uploads(ROAD, SMALL, 1).policy
    np.testing.assert_array_equal(again.numbers, trained.policy.arrays()["numbers"][None])
    save_training(trained, "bandwidth-road", tmp_path, tmp_path)
    policy, card = load_policy(tmp_path / "bandwidth-road", ROAD)
    assert isinstance(policy, LearnedUploads)
    np.testing.assert_array_equal(policy.numbers, again.numbers)
    served = evaluate_learned(policy, ROAD, judge.workloads).served
    assert card.check["served"] == served[: card.check["episodes"]].sum()
    assert settings_of(str(tmp_path / "bandwidth-road"), 1) == SMALL


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("generations", 0, "generations = 0: must be at least 1"),
        ("validation_episodes", 0, "validation_episodes = 0: must be at least 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(name: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        UploadSettings(**{name: value})


def test_what_does_not_fit_is_refused() -> None:
    learned = LearnedUploads(starting_point(PRICE), ROAD)
    with pytest.raises(ValueError, match="must have 6 per member"):
        LearnedUploads(np.zeros(3), ROAD)
    with pytest.raises(ValueError, match=r"radio\.road = None: must be a road"):
        learned.for_scenario(small_scenario("embedding-uplink-carried"))
    with pytest.raises(ValueError, match=r"numbers\[0\] is 'price': must be 'log_price'"):
        LearnedUploads.from_card({"numbers": ["price"]}, learned.arrays(), ROAD)
    with pytest.raises(ValueError, match=r"must be \['numbers'\]"):
        LearnedUploads.from_card(learned.description(), {"weights": np.zeros(6)}, ROAD)
    with pytest.raises(ValueError, match="has 2 members, must have 1"):
        LearnedUploads(drawn(2), ROAD).arrays()


def test_the_command_refuses_a_scenario_without_a_road_before_anything_is_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Uploads, "train", lambda *arguments, **named: pytest.fail("plays"))
    with pytest.raises(ValueError, match=r"radio\.road = None: must be a road"):
        Uploads(scenario="carry-over").run()
