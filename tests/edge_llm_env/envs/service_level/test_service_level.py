"""`EdgeLLM/ServiceLevel-v0`, worked out by hand on modules of `accuracy-tiers` (T_E = 4 s, T_U = T_D = 0.25 s)."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.dynamics.state import SERVED
from edge_llm_env.envs.service_level.table import levels_in
from tests.support.allocation import CAPPED, started, tiers
from tests.support.helpers import workload_at

ENV = "EdgeLLM/ServiceLevel-v0"

BLOOM_3B, BLOOM_7B1, OPT_13B = range(3)
"""Variants from the cheapest on; they offer 0.23, 0.45 and 0.85 of accuracy. Of three modules each has one."""

LEVELS = [
    {"ratio": 2.0, "s_per_token": 1e-3, "retained": 0.9},
    {"ratio": 4.0, "at": "user", "retained": 0.5},
]


def compressing(**overrides: Any) -> Any:
    return tiers(node__modules=3, node__compression_levels=LEVELS, **overrides)


def level(variant: int, loads: int = 0, compression: int = 0, compressions: int = 1) -> int:
    return 1 + (2 * variant + loads) * compressions + compression


def action(env: Any, *levels: int, targets: tuple[int, ...] = ()) -> np.ndarray:
    given = np.zeros(len(env.action_space.nvec), dtype=np.int64)
    given[: len(levels)] = levels
    given[env.scenario.epoch.visible_slots :][: len(targets)] = targets
    return given


def served(env: Any) -> list[int]:
    return np.flatnonzero(env.simulation.state.status[0] == SERVED).tolist()


def test_action_has_levels_of_slots_and_targets_of_modules():
    scenario = compressing(epoch__visible_slots=5)
    env = started(ENV, scenario, workload_at([0.0]))
    assert levels_in(scenario) == 3 * 2 * 3
    assert env.action_space.nvec.tolist() == [19] * 5 + [4] * 3


def test_a_level_serves_those_whom_its_variant_is_accurate_enough_for():
    workload = workload_at([0.0, 0.1, 0.2], prompt_tokens=16, output_tokens=16, accuracy_requirement=[0.2, 0.4, 0.8])
    for variant, who in ((BLOOM_3B, [0]), (BLOOM_7B1, [0, 1]), (OPT_13B, [0, 1, 2])):
        env = started(ENV, tiers(node__modules=3), workload)
        *_, info = env.step(action(env, *[level(variant)] * 3))
        assert served(env) == who
        assert info["not_admitted"] == 3 - len(who)


def test_not_now_leaves_a_request_pending():
    env = started(ENV, tiers(node__modules=3), workload_at([0.0, 0.1]))
    *_, info = env.step(action(env, 0, level(OPT_13B)))
    assert served(env) == [1]
    assert (info["pending"], info["not_admitted"]) == (1, 0)


def test_a_module_that_holds_its_target_stays_and_another_loads_it():
    """BLOOM-3B takes 0.79 s to load, 0.54 s of that after the uplink: in this epoch its module serves as the second
    group of the variant."""
    scenario, workload = tiers(node__modules=3), workload_at([0.0, 0.1])
    env = started(ENV, scenario, workload)
    env.step(action(env, level(BLOOM_3B), level(BLOOM_3B, loads=1), targets=(1, 0, 1)))
    assert served(env) == [0, 1]
    assert env.simulation.state.module_variant[0].tolist() == [BLOOM_3B, BLOOM_7B1, BLOOM_3B]
    env = started(ENV, scenario, workload)
    *_, info = env.step(action(env, level(BLOOM_3B), level(BLOOM_3B, loads=1), targets=(1, 0, 0)))
    assert served(env) == [0]  # no module loads
    assert info["not_admitted"] == 1


def test_groups_share_the_bands():
    """Of capped bands 128 tokens need a quarter, and 300 more than half: one group's leaves no room for another's."""
    capped = {name.replace(".", "__"): value for name, value in CAPPED.items()}
    scenario = tiers(node__modules=3, **capped)
    for prompt_tokens, who in ((250, [0, 1]), (300, [0])):
        workload = workload_at([0.0, 0.1], prompt_tokens=prompt_tokens, output_tokens=16)
        env = started(ENV, scenario, workload)
        env.step(action(env, level(BLOOM_3B), level(BLOOM_7B1)))
        assert served(env) == who


def test_compression_shortens_a_prompt_and_takes_the_compressors_time():
    """A prompt of 100 tokens at ratio 2: 50 tokens of BLOOM-3B on one module, and 0.1 s of the compressor."""
    scenario = compressing()
    for compression, tokens, own_s in ((0, 100, 0.0), (1, 50, 0.1), (2, 25, 0.0)):
        env = started(ENV, scenario, workload_at([0.0], prompt_tokens=100))
        cost = scenario.variants[BLOOM_3B].batch_cost[0]
        used_s = cost.compute_s.of_equals(1, tokens, 128) + own_s
        *_, info = env.step(action(env, level(BLOOM_3B, 0, compression, 3)))
        assert info["served"] == 1
        assert info["utilisation"]["compute"] == pytest.approx(used_s / 3 / 3.5)
        power_w = 15.0  # of a Jetson TX2
        assert info["energy_j"] == pytest.approx(cost.energy_j.of_equals(1, tokens, 128) + own_s * power_w)


def test_the_users_device_shortens_the_upload_and_the_nodes_compressor_does_not():
    uplink = []
    for compression in range(3):
        env = started(ENV, compressing(), workload_at([0.0], prompt_tokens=100))
        *_, info = env.step(action(env, level(BLOOM_3B, 0, compression, 3)))
        uplink.append(info["utilisation"]["uplink"])
    assert uplink[1] == uplink[0]
    assert uplink[2] == pytest.approx(uplink[0] / 4)


def test_compression_costs_accuracy():
    """OPT-13B offers 0.8474: at 0.9 of it 0.763, at 0.5 of it 0.424."""
    for required, least in ((0.42, 2), (0.43, 1), (0.76, 1), (0.77, 0)):
        for compression in range(3):
            env = started(ENV, compressing(), workload_at([0.0], accuracy_requirement=required))
            env.step(action(env, level(OPT_13B, 0, compression, 3)))
            assert served(env) == ([0] if compression <= least else [])


def test_reward_is_the_accuracy_delivered_where_that_is_what_counts():
    delivered = [0.23, 0.45 * 0.9, 0.85]
    for value in ("threshold", "accuracy"):
        env = started(ENV, compressing(workload__value=value), workload_at([0.0, 0.1, 0.2], output_tokens=32))
        _, reward, *_, info = env.step(
            action(env, level(BLOOM_3B, 0, 0, 3), level(BLOOM_7B1, 0, 1, 3), level(OPT_13B, 0, 0, 3))
        )
        assert info["served"] == 3
        assert reward == pytest.approx(3.0 if value == "threshold" else sum(delivered), abs=0.01)


def test_the_compressor_is_held_by_the_node():
    plain, holding = tiers(node__modules=3), compressing()
    larger = [LEVELS[0] | {"memory_bytes": 1e9}, LEVELS[1] | {"memory_bytes": 5e9}]
    with_one = tiers(node__modules=3, node__compression_levels=larger)
    base = [one.variants[0].batch_cost[0].memory_bytes.base.constant for one in (plain, holding, with_one)]
    assert base[1] == base[0]
    assert base[2] == base[0] + 1e9  # the other is held by users


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"node.prompt_compression": {"ratio": 2.0}, "node.cost_model": "roofline"}, "left out with node.prompt_compr"),
        ({"beliefs.gain_margin_db": 3.0}, "node.compression_levels: must be left out with beliefs"),
    ],
)  # fmt: skip
def test_levels_of_compression_that_cannot_be_are_refused(overrides: dict[str, Any], message: str):
    with pytest.raises(ScenarioError, match=message):
        load_scenario(compressing(), **overrides)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda env: action(env)[:-1], r"action of shape .* must be whole numbers of shape \(67,\)"),
        (lambda env: action(env) * 1.0, "dtype float64: must be whole numbers"),
        (lambda env: action(env, 7), r"action\[0\] = 7: must be in 0..6"),
        (lambda env: action(env, targets=(0, 0, 4)), r"action\[66\] = 4: must be in 0..3"),
        (lambda env: action(env, -1), r"action\[0\] = -1: must be in 0..6"),
    ],
)
def test_actions_that_are_none_are_refused_in_a_line(given: Any, message: str):
    env = started(ENV, tiers(node__modules=3, epoch__visible_slots=64), workload_at([0.0]))
    with pytest.raises(ValueError, match=message):
        env.step(given(env))


@pytest.mark.parametrize("preset", ["service-levels", "specialists"])
def test_nobody_is_lost_and_rows_are_single_environments(preset: str):
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 12, "epoch.visible_slots": 8})
    rows = gym.make_vec(ENV, num_envs=2, vectorization_mode="vector_entry_point", scenario=scenario)
    single = gym.make(ENV, scenario=scenario)
    rows.reset(seed=[3, 5])
    rng = np.random.default_rng(0)
    observation, _ = single.reset(seed=5)
    for _ in range(12):
        actions = rng.integers(0, rows.single_action_space.nvec, rows.action_space.shape)
        actions[:, scenario.epoch.visible_slots :] *= rng.random((2, scenario.node.modules)) < 0.2
        seen, rewards, _, _, infos = rows.step(actions)
        observation, reward, _, _, info = single.step(actions[1])
        np.testing.assert_array_equal(seen[1], observation)
        assert rewards[1] == reward
        counted = sum(infos[name] for name in ("served", "expired", "rejected", "pending"))
        assert counted.tolist() == infos["arrived"].tolist()
        assert info["served"] == infos["served"][1]
        assert max(info["utilisation"].values()) <= 1.0 + 1e-9
