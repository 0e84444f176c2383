"""Saved policies: what is written is read back, what does not fit is refused, and those shipped do what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from edge_llm_agents.comparison.contestants import Field
from edge_llm_agents.evaluation.playing import evaluate_learned, evaluate_values
from edge_llm_agents.pretrained.saved_policies import Card, load_policy, save_policy
from edge_llm_agents.pretrained.shipped import PRETRAINED, policies_for, shipped_policies
from edge_llm_agents.value_search.features import FEATURES
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.workload.streams import draw_workloads

OVERRIDES = {"epoch.episode_epochs": 4}
SCENARIO = load_scenario("carry-over", **OVERRIDES)
CARD = Card(
    scenario="carry-over",
    overrides=OVERRIDES,
    algorithm="by hand",
    hyperparameters={"width": 0},
    seed=0,
    training_steps=0,
    evaluation={},
    check={"episodes": 1, "seed": 0, "served": 0},
)


def policy(width: int = 0, features: tuple[str, ...] = FEATURES, levels: int = 1024) -> ValuePolicy:
    function = ValueFunction(width, features, levels)
    return ValuePolicy(function, np.random.default_rng(0).normal(size=function.size), SCENARIO)


@pytest.mark.parametrize("width", [0, 3])
def test_what_is_saved_is_loaded(tmp_path: Path, width: int):
    written = save_policy(policy(width), CARD, tmp_path / "mine")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.json", "mine.safetensors"]
    assert [file.name for file in written] == ["mine.safetensors", "mine.json"]
    assert load_file(written[0]).keys() == policy(width).function.shapes.keys()
    loaded, card = load_policy(tmp_path / "mine", SCENARIO)
    assert card == CARD
    assert loaded.scenario == SCENARIO
    np.testing.assert_array_equal(loaded.parameters, policy(width).parameters)
    workloads = draw_workloads(SCENARIO, 2, 0)
    served = [evaluate_values(one, SCENARIO, workloads).served.tolist() for one in (loaded, policy(width))]
    assert served[0] == served[1]


def test_a_policy_of_a_file_of_ones_own_loads_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "there" / "own.toml").write_text('extends = "carry-over"\n[epoch]\nepisode_epochs = 4\n')
    monkeypatch.chdir(tmp_path / "there")
    own = policy().for_scenario(load_scenario("own.toml"))
    save_policy(own, replace(CARD, scenario="own.toml", overrides={}), tmp_path / "elsewhere" / "mine")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there" / "own.toml").unlink()
    loaded, card = load_policy(tmp_path / "elsewhere" / "mine")
    assert (loaded.scenario, card.scenario) == (own.scenario, "own")
    assert str(tmp_path) not in (tmp_path / "elsewhere" / "mine.json").read_text()
    save_policy(loaded, card, tmp_path / "again")
    assert load_policy(tmp_path / "again")[0].scenario == own.scenario


@pytest.mark.parametrize("name", ["mine", "./mine", Path("mine"), Path("./mine")])
def test_a_policy_in_the_working_directory_needs_no_folder(
    name: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    save_policy(policy(), CARD, tmp_path / "mine")
    assert load_policy(name)[1] == CARD
    (contestant, *_) = [one for one in Field(BATCHING, SCENARIO, 0).of(name) if one.kind == "policy"]
    assert contestant.name == "mine"


def test_a_name_of_the_package_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    name = shipped_policies()[0]
    save_policy(policy(), CARD, tmp_path / name)
    assert load_policy(name)[1] != CARD
    assert load_policy(f"./{name}")[1] == CARD


def test_what_a_function_sees_and_its_levels_are_saved_with_it(tmp_path: Path):
    save_policy(policy(0, ("chance", "channel"), 64), CARD, tmp_path / "mine")
    loaded, _ = load_policy(tmp_path / "mine")
    assert loaded.function.features == ("chance", "channel")
    assert loaded.function.levels == 64
    np.testing.assert_array_equal(loaded.parameters, policy(0, ("chance", "channel"), 64).parameters)


def changed(path: Path, **entries: object) -> None:
    card = json.loads(path.read_text())
    path.write_text(json.dumps(card | entries))


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"environment": "EdgeLLM/BatchSelection-v9"}, "is for EdgeLLM/BatchSelection-v9, which there is not: must be"),
        ({"scenario_fingerprint": "0123"}, r"was trained when scenario 'carry-over' was another \(0123\)"),
        ({"overrides": {"epoch.episode_epochs": 5}}, "was trained when scenario 'carry-over' was another"),
        ({"features": ["sise"]}, r"is for features that there are not \('sise'\), must be trained again"),
        ({"features": ["size"]}, "weights have the shapes"),
        ({"levels": 3}, "levels = 3: must be a power of two"),
        ({"weights_sha256": "0"}, "its weights are not those of its card"),
        ({"width": 2}, "weights have the shapes"),
        ({"scenario": "carry-ovr"}, "the closest: carry-over"),
        ({"evaluation": None, "check": None}, None),
    ],
)
def test_a_card_that_does_not_fit_is_refused_with_the_reason(tmp_path: Path, entries: dict, reason: str | None):
    save_policy(policy(), CARD, tmp_path / "mine")
    changed(tmp_path / "mine.json", **entries)
    if reason is None:  # what it reached is nobody's condition
        load_policy(tmp_path / "mine")
        return
    with pytest.raises(ValueError, match=reason) as caught:
        load_policy(tmp_path / "mine")
    assert "\n" not in str(caught.value)


def test_a_policy_of_another_scenario_than_asked_for_is_refused(tmp_path: Path):
    save_policy(policy(), CARD, tmp_path / "mine")
    with pytest.raises(ValueError, match=r"is for scenario 'carry-over'.*, not 'paper-bloom-3b'"):
        load_policy(tmp_path / "mine", load_scenario("paper-bloom-3b"))


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95", b"[]", b"{}"])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, suffix: str, content: bytes):
    save_policy(policy(), CARD, tmp_path / "mine")
    (tmp_path / f"mine{suffix}").write_bytes(content)
    with pytest.raises(ValueError, match=r"policy = .*mine: (its card is damaged|its weights are not those)") as caught:
        load_policy(tmp_path / "mine")
    assert "\n" not in str(caught.value)


def test_a_policy_that_there_is_not_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"policy = .*nothing: cannot be read: No such file"):
        load_policy(tmp_path / "nothing")
    with pytest.raises(ValueError, match="policy = 'value-carry-ovr': must be one of"):
        load_policy("value-carry-ovr")


def test_only_single_policies_of_the_card_s_scenario_are_saved(tmp_path: Path):
    population = ValuePolicy(ValueFunction(), np.zeros((2, ValueFunction().size)), SCENARIO)
    with pytest.raises(ValueError, match="policy: has 2 members, must have 1"):
        save_policy(population, CARD, tmp_path / "mine")
    with pytest.raises(ValueError, match=r"card.scenario = 'carry-over': is not the scenario of the policy"):
        save_policy(policy().for_scenario(load_scenario("carry-over")), CARD, tmp_path / "mine")
    assert not list(tmp_path.iterdir())


# --- those that the package brings along


def test_the_issue_s_scenarios_have_a_policy():
    assert set(shipped_policies()) >= {"value-carry-over", "value-carry-over-10", "value-paper-bloom-3b"}
    for_embedding_uplink = ["bandwidth-embedding-uplink", "structured-embedding-uplink", "value-embedding-uplink"]
    assert policies_for(load_scenario("embedding-uplink")) == for_embedding_uplink
    assert policies_for(load_scenario("orin-llama-8b")) == ["structured-orin-llama-8b", "value-orin-llama-8b"]
    assert policies_for(load_scenario("bursty")) == ["structured-bursty"]
    of_values = ["value-carry-over", "value-carry-over-loads"]
    for_carry_over = ["batching-carry-over", "structured-carry-over", "structured-carry-over-loads", *of_values]
    assert policies_for(load_scenario("carry-over")) == for_carry_over
    assert policies_for(SCENARIO) == []


@pytest.mark.parametrize("name", shipped_policies())
def test_a_shipped_policy_serves_what_its_card_says(name: str):
    policy, card = load_policy(name)
    scenario = card.load_scenario()
    workloads = draw_workloads(scenario, card.check["episodes"], card.check["seed"])
    assert evaluate_learned(policy, scenario, workloads).served.sum() >= card.check["served"]
    assert card.check["served"] > 0


@pytest.mark.parametrize("name", shipped_policies())
def test_a_shipped_policy_is_small_and_says_how_it_came_about(name: str):
    assert sum(file.stat().st_size for file in PRETRAINED.glob(f"{name}.*")) <= 1_000_000
    _, card = load_policy(name)
    assert card.training_steps > 0
    assert card.hyperparameters
    assert card.evaluation["references"]["episodes"] >= 200
