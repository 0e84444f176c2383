"""Requests with an image beside requests of text alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents.records.hashes import workloads_sha256
from edge_llm_baselines import BatchProblem, BranchAndBound, BruteForce, MilpSolver
from edge_llm_env import Scenario, ScenarioError, Workload, draw_workload, draw_workloads, load_scenario
from tests.support.helpers import small_scenario, workload_at

CLIP = {"tokens": 576, "encoder_weights": 0.304e9, "encoder_patches": 577, "upload_bytes": 5000.0}
ENVS = ("EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0", "EdgeLLM/Bandwidth-v0")
NARROW = {
    "radio.max_spectral_efficiency_bits_per_s_per_hz": 1.0,
    "radio.uplink_bandwidth_hz": 1e6,
    "reward.energy": -1.0,
}


def mixed(share: float = 0.5, **overrides: Any) -> Scenario:
    """Chats on an Orin, so many of them with an image."""
    images = {"node__images": CLIP, "workload__image_share": share}
    return small_scenario("orin-llama-8b", **(images | overrides))


def with_images(workload: Workload, has_image: list[int]) -> Workload:
    """The workload with an image in some of its requests."""
    return replace(workload, has_image=np.array(has_image))


def begun(env_id: str, scenario: Scenario, workload: Workload) -> Any:
    """An environment at the first decision on a workload."""
    env = gym.make(env_id, scenario=scenario)
    env.reset(options={"workload": workload})
    return env


def test_worked_example():
    """128 tokens of 32 bits, and 5 kB: 44,096 bits, 0.088192 of half a second at 1 Mbit/s. 704 tokens, encoded once."""
    scenario = mixed(**{name.replace(".", "__"): value for name, value in NARROW.items()})
    workload = with_images(workload_at([0.0, 0.1], prompt_tokens=128, output_tokens=64), [0, 1])
    env = begun(ENVS[0], scenario, workload)
    state = env.unwrapped.simulation.state
    assert state.slot_uplink_share[0, :2] == pytest.approx([4096 / 5e5, 44096 / 5e5])
    assert state.slot_prompt_tokens[0, :2].tolist() == [128, 704]
    compute_s, memory_bytes, energy_j = scenario.batch_cost
    image = scenario.image_needs
    env.step(0)
    _, _, _, _, info = env.step(1)
    together_s = compute_s.base(704, 64) + compute_s.marginal(128, 64) + compute_s.marginal(704, 64) + image.encoding_s
    held = memory_bytes.base(704, 64) + memory_bytes.marginal(128, 64) + memory_bytes.marginal(704, 64)
    assert info["utilisation"]["compute"] == pytest.approx(together_s / scenario.epoch.compute_window_s)
    assert info["utilisation"]["memory"] == pytest.approx(held / scenario.memory_limit_bytes)
    spent_j = energy_j.base(704, 64) + energy_j.marginal(128, 64) + energy_j.marginal(704, 64) + image.encoding_j
    assert state.energy_j[0] == pytest.approx(spent_j)


def test_an_image_in_some_requests_costs_what_it_costs_in_each():
    alike, some = mixed(1.0), mixed(0.5)
    image = some.image_needs
    assert (alike.image_needs.tokens, image.tokens) == (0.0, 576.0)
    encoding = image.encoding_s, 0.0, image.encoding_j
    for each, text, own in zip(alike.batch_cost, some.batch_cost, encoding, strict=True):
        assert text.of_equals(3, 776, 50) + 3 * own == pytest.approx(each.of_equals(3, 200, 50), rel=1e-12)


@pytest.mark.parametrize("env_id", ENVS)
def test_a_share_of_one_is_an_image_in_each_to_the_last_bit(env_id: str):
    played = []
    for share in ({}, {"workload.image_share": 1.0}):
        images = {"node.images": {"tokens": 576}, "reward.energy": -1.0}
        env = gym.make(env_id, scenario=small_scenario("orin-llama-8b", **(images | share)))
        seen = [env.reset(seed=3)[0]]
        env.action_space.seed(5)
        for _ in range(8):
            mask = env.unwrapped.action_masks().astype(np.int8) if env_id == ENVS[0] else None
            observation, reward, _, truncated, _ = env.step(env.action_space.sample(mask))
            seen += [observation, np.array([reward])]
            if truncated:
                seen.append(env.reset()[0])
        played.append(np.concatenate(seen))
    np.testing.assert_array_equal(*played)


def test_nobody_with_an_image_leaves_the_cost_of_text():
    texts = small_scenario("orin-llama-8b")
    assert mixed(0.0, node__images={"tokens": 576}).batch_cost == texts.batch_cost


def test_share_is_drawn_after_everything_else():
    some, texts = mixed(0.3), small_scenario("orin-llama-8b")
    for drawn, plain in zip(draw_workloads(some, 5), draw_workloads(texts, 5), strict=True):
        for name, array in plain.given().items():
            np.testing.assert_array_equal(getattr(drawn, name), array)
    counts = np.concatenate([one.has_image for one in draw_workloads(some, 100)])
    assert counts.mean() == pytest.approx(0.3, abs=4 * (0.21 / len(counts)) ** 0.5)


def test_saved_workloads_replay_and_count_in_hashes(tmp_path: Path):
    workload = draw_workload(mixed(), np.random.default_rng(0))
    workload.save(tmp_path / "workload.npz")
    again = Workload.load(tmp_path / "workload.npz")
    np.testing.assert_array_equal(again.has_image, workload.has_image)
    other = replace(workload, has_image=np.zeros_like(workload.has_image))
    hashes = [workloads_sha256([one]) for one in (workload, again, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    with pytest.raises(ValueError, match="workload has_image: must be left out"):
        begun(ENVS[0], small_scenario("orin-llama-8b"), workload)
    with pytest.raises(ValueError, match="workload has_image: every value must be ≤ 1"):
        with_images(workload_at([0.0]), [2]).validate()


def test_solvers_agree_on_requests_with_and_without_images():
    slow = CLIP | {"encoder_patches": 57700}  # 1.4 s each
    scenario = mixed(0.5, node__images=slow, epoch__visible_slots=8, workload__arrivals__rate_per_s=0.3)
    sizes = set()
    for seed in range(12):
        env = begun(ENVS[1], scenario, draw_workload(scenario, np.random.default_rng(seed)))
        problem = BatchProblem.of_row(env.unwrapped.simulation)
        assert problem.candidates.compute_s.max(initial=0.0) in (0.0, scenario.image_needs.encoding_s)
        values = [solver.solve(problem).value for solver in (BranchAndBound(), BruteForce(), MilpSolver())]
        assert values == [values[0]] * 3
        sizes.add(values[0] < len(problem))
    assert sizes == {True, False}


@pytest.mark.parametrize("action", ["values", "shares"])
def test_bandwidth_counts_the_encoder(action: str):
    scenario = mixed(reward__energy=-1.0)
    workload = with_images(workload_at([0.0, 0.1], prompt_tokens=128, output_tokens=64), [0, 1])
    env = gym.make(ENVS[2], scenario=scenario, action=action)
    env.reset(options={"workload": workload})
    _, _, _, _, info = env.step(np.zeros(env.action_space.shape))
    compute_s, _, energy_j = scenario.batch_cost
    lengths, image = ((128, 64), (704, 64)), scenario.image_needs
    together_s = compute_s.base(704, 64) + sum(compute_s.marginal(*one) for one in lengths) + image.encoding_s
    spent_j = energy_j.base(704, 64) + sum(energy_j.marginal(*one) for one in lengths) + image.encoding_j
    assert info["served"] == 2
    assert info["utilisation"]["compute"] == pytest.approx(together_s / scenario.epoch.compute_window_s)
    assert info["reward_terms"]["energy"] == pytest.approx(-spent_j)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"node.images": None}, r"workload\.image_share = 0\.5: must go with node\.images"),
        ({"beliefs.gain_error_db": 2.0}, r"beliefs: must be left out with"),
        ({"node.prompt_compression": {"ratio": 2.0}}, r"node\.prompt_compression: must be left out with"),
        ({"radio.transfers": "carried_over"}, r'must be "within_epoch" with'),
        ({"workload.image_share": 1.5}, r"workload\.image_share"),
    ],
)
def test_what_does_not_go_with_a_mix_is_named(overrides: dict[str, Any], says: str):
    with pytest.raises(ScenarioError, match=says):
        load_scenario(mixed(), **overrides)


@pytest.mark.parametrize("name", ["Compute", "Joint", "ServiceLevel", "MultiNode", "Scaling", "ContinuousBatching"])
def test_environments_that_do_not_know_images_refuse_them(name: str):
    with pytest.raises(ScenarioError, match=r"^scenario orin-llama-8b: node\.images: must be"):
        gym.make(f"EdgeLLM/{name}-v0", scenario=mixed())
