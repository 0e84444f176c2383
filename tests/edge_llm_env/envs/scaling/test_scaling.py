from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import Scenario, ScenarioError, draw_workload, load_scenario
from edge_llm_env.envs.observation.layout import names
from edge_llm_env.envs.scaling.environment import ScalingEnv, ScalingVectorEnv
from edge_llm_env.envs.scaling.observation import OBSERVATION
from edge_llm_env.rack.state import N_GROUP
from tests.references.plain_rack import PlainRack
from tests.support.helpers import ALL_WEIGHTS, AZURE_TRACE, small_scenario, workload_at

SHORT = {"epoch.episode_epochs": 40, "reward.expired": -0.3, "reward.tokens": 0.01}
CASES = {
    "each on its own": ("feeder-rack", SHORT),
    "pairs": ("feeder-rack", SHORT | {"rack.modules_per_group": 2, "node.engine_start_s": 3.0}),
    "all as one": ("feeder-rack", SHORT | {"rack.modules_per_group": None, "node.engine_start_s": 12.0}),
    "patient": (
        "diurnal-rack",
        SHORT | {"workload.latency_requirement_s": {"low": 6.0, "high": 40.0}, "workload.arrivals.period_s": 200.0},
    ),
    "paper": ("carry-over", {"epoch.episode_epochs": 20} | ALL_WEIGHTS),
    "sizes to choose from": ("grouped-rack", SHORT | {"node.engine_start_s": 2.0, "workload.arrivals.rate_per_s": 6.0}),
}


def of_case(name: str) -> Scenario:
    preset, changed = CASES[name]
    return load_scenario(preset, **changed)


def make(scenario: Scenario) -> ScalingEnv:
    return ScalingEnv(scenario)


def wants(modules: int, of: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array([modules / of], dtype=np.float32)


@pytest.mark.parametrize("name", CASES)
def test_episode_is_that_of_the_reference(name: str):
    scenario = of_case(name)
    env, rng = make(scenario), np.random.default_rng(3)
    entries = 1 if scenario.rack.group_sizes is None else 2
    assert env.action_space.shape == (entries,)
    for _ in range(3):
        workload = draw_workload(scenario, rng)
        plain = PlainRack(scenario, workload)
        _, info = env.reset(options={"workload": workload})
        truncated, switched = False, 0
        while not truncated:
            assert {key: info[key] for key in plain.counters()} == plain.counters()
            assert info["energy_j"] == pytest.approx(plain.energy_j, rel=1e-9)
            action = rng.uniform(-0.5, 0.5, entries) if rng.random() < 0.3 else np.zeros(entries)
            before = info["modules_on"]
            _, reward, _, truncated, info = env.step(action)
            switched += info["modules_on"] != before
            assert reward == pytest.approx(plain.step(*action.tolist()), rel=1e-9, abs=1e-9)
        assert switched > 1
        assert min(info["served"], info["expired"]) > 0


@pytest.mark.parametrize("name", CASES)
def test_requests_and_modules_are_conserved_and_rows_are_those_of_the_single_form(name: str):
    scenario, rows = of_case(name), 3
    vector, single = ScalingVectorEnv(rows, scenario, "Disabled"), [make(scenario) for _ in range(rows)]
    seen, _ = vector.reset(seed=5)
    first = [env.reset(seed=5 + row) for row, env in enumerate(single)]
    assert np.array_equal(seen, np.stack([observation for observation, _ in first]))
    rng, on = np.random.default_rng(0), [info["modules_on"] for _, info in first]
    shape = vector.action_space.shape
    for _ in range(scenario.epoch.episode_epochs):
        actions = rng.uniform(-0.4, 0.4, shape) * (rng.random((rows, 1)) < 0.4)
        seen, rewards, _, _, infos = vector.step(actions)
        for row, env in enumerate(single):
            observation, reward, _, _, info = env.step(actions[row])
            assert np.array_equal(observation, seen[row])
            assert reward == rewards[row]
            assert info["arrived"] == info["served"] + info["expired"] + info["rejected"] + info["pending"]
            assert 0 <= info["modules_ready"] <= info["modules_on"] <= scenario.node.modules
            assert all(infos[name][row] == info[name] for name in vector.simulation.counter_names)
            change = int(np.floor(actions[row, 0] * scenario.node.modules + 0.5))
            assert info["modules_on"] == min(max(on[row] + change, 0), scenario.node.modules)
            on[row] = info["modules_on"]


def test_an_episode_worked_by_hand():
    """One Jetson serves 9 requests in an epoch of 5 s; a module starts in 60 s, twelve epochs."""
    scenario = load_scenario("feeder-rack", **{"rack.modules_at_start": 1, "epoch.episode_epochs": 20})
    env = make(scenario)
    workload = workload_at(
        np.repeat(np.arange(17) * 5.0 + 1.0, 11), prompt_tokens=256, output_tokens=48, latency_requirement_s=10.0
    )
    _, info = env.reset(options={"workload": workload})
    assert (info["pending"], info["modules_ready"]) == (11, 1)
    served = []
    for epoch in range(16):
        before = info["served"]
        _, reward, _, _, info = env.step(wants(1 if epoch == 1 else 0, 8))
        served.append(info["served"] - before)
        energy_j = (1 if epoch == 0 else 2) * 25.0 * 5.0
        batches = [9, 2] if served[-1] == 11 else [9]
        energy_j += sum(PlainRack(scenario, workload).cost(1, size)[2] for size in batches)
        assert reward == pytest.approx(served[-1] - 0.0165 * energy_j)
    # switched on in epoch 1, it has started when twelve epochs are over, and serves in epoch 13
    assert served == [9] * 13 + [11] * 3
    assert info["expired"] == 2 * 13
    assert info["module_epochs"] == 1 + 15 * 2


def test_modules_that_still_start_are_switched_off_first():
    env = make(load_scenario("feeder-rack"))
    env.reset(seed=0)
    *_, info = env.step(wants(3, 8))
    assert (info["modules_on"], info["modules_ready"]) == (5, 2)
    *_, info = env.step(wants(-3, 8))
    assert (info["modules_on"], info["modules_ready"]) == (2, 2)
    *_, info = env.step(wants(-1, 8))
    assert (info["modules_on"], info["modules_ready"]) == (1, 1)


def test_observation_shows_what_its_names_say():
    scenario = load_scenario("feeder-rack", **{"rack.history_epochs": 4})
    env, rng = make(scenario), np.random.default_rng(1)
    workload = draw_workload(scenario, rng)
    env.reset(options={"workload": workload})
    counts = workload.feeder_counts
    assert counts is not None
    for epoch in range(6):
        observation, *_, info = env.step(wants(1 if epoch == 2 else 0, 8))
        named = dict(zip(names(OBSERVATION, scenario), observation.tolist(), strict=True))
        now = epoch + 1
        arrived = np.histogram(workload.arrival_s, np.arange(now + 2) * 5.0)[0]
        assert named["arrived[0]"] == pytest.approx(arrived[now] / 144)
        assert named["arrived[3]"] == pytest.approx(arrived[now - 3] / 144 if now >= 3 else 0.0)
        assert named["counted[8]"] == pytest.approx(counts[now - 1, 2] / 16)  # an epoch back, the third of six
        assert named["on"] == pytest.approx(info["modules_on"] / 8)
        assert named["waiting"] == pytest.approx(info["pending"] / 144)
        assert named["starts[7]"] == pytest.approx((59.9613888 - 5 * (epoch - 1)) / 59.9613888 if epoch >= 2 else 0.0)


def test_counts_at_feeder_cells_are_in_the_workload_and_nothing_else_of_the_crowds(tmp_path: Any):
    scenario = load_scenario("feeder-rack")
    workload = draw_workload(scenario, np.random.default_rng(2))
    workload.save(tmp_path / "workload.npz")
    again = type(workload).load(tmp_path / "workload.npz")
    env, other = make(scenario), make(scenario)
    one, two = (made.reset(options={"workload": given})[0] for made, given in ((env, workload), (other, again)))
    assert np.array_equal(one, two)
    assert np.array_equal(workload.feeder_counts, again.feeder_counts)


def test_load_of_each_epoch_is_that_of_a_trace(tmp_path: Path):
    (tmp_path / "mine.csv").write_text(AZURE_TRACE)  # a request in each second
    arrivals = {"kind": "trace", "format": "azure", "path": str(tmp_path / "mine.csv"), "time_scale": 0.5}
    scenario = load_scenario("feeder-rack", **{"workload.arrivals": arrivals, "epoch.episode_epochs": 8})
    env = make(scenario)
    observation, info = env.reset(seed=0)
    assert env.observation_space.shape == (6 + 2 * 8 + 32,)  # no feeder cells
    for epoch in range(1, 8):
        observation, *_, info = env.step(wants(0, 8))
        assert info["arrived"] == pytest.approx(10 * (epoch + 1), abs=1)
        arrived = dict(zip(names(OBSERVATION, scenario), observation.tolist(), strict=True))["arrived[0]"]
        assert 144 * arrived == pytest.approx(10, abs=1)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"rack.modules_at_start": 9}, r"rack.modules_at_start = 9: must be at most node.modules = 8"),
        ({"rack.modules_per_group": 9}, r"rack.modules_per_group = 9: must be at most node.modules = 8"),
        ({"rack.group_sizes": [1, 2]}, r"rack.modules_per_group = 1: must be left out with rack.group_sizes"),
        (
            {"rack.modules_per_group": None, "rack.group_sizes": [2, 1]},
            r"rack.group_sizes = \[2, 1\]: must ascend, to node.modules = 8 at most",
        ),
        (
            {"rack.modules_per_group": None, "rack.group_sizes": [1, 2]},
            r"node.parallelism = None: must be given, and share tensors alone, with rack.group_sizes",
        ),
        ({"workload.arrivals.count_every_s": 4.0}, r"count_every_s = 4: must be epoch.epoch_s = 5"),
        ({"workload.output_tokens": [4096]}, r"a group of 1 modules must serve a request of the longest"),
        ({"workload.arrivals.lags_s": [1.0]}, r"lags_s has 1 feeders: must have as many as shares, which has 6"),
    ],
)
def test_scenario_that_is_no_rack_is_refused(changed: dict[str, Any], complaint: str):
    with pytest.raises(ScenarioError, match=complaint):
        make(load_scenario("feeder-rack", **changed))


def test_counts_of_another_shape_are_refused():
    scenario = load_scenario("feeder-rack")
    workload = draw_workload(scenario, np.random.default_rng(0))
    env = make(load_scenario(scenario, **{"epoch.episode_epochs": 20}))
    with pytest.raises(ValueError, match=r"workload feeder_counts has shape \(241, 6\): must be \(21, 6\)"):
        env.reset(options={"workload": workload})


def test_state_of_a_rack_is_taken_up_and_one_that_cannot_be_is_refused():
    scenario = small_scenario("feeder-rack")
    envs = [ScalingVectorEnv(2, scenario) for _ in range(2)]
    for env in envs:
        env.reset(seed=1)
    for _ in range(2):
        envs[0].step(np.full((2, 1), 0.25))
    envs[1].restore(envs[0].state())
    for _ in range(6):
        one, two = (env.step(np.full((2, 1), -0.1)) for env in envs)
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])
    for name, value, complaint in (
        ("rows.module_on", 3, "must be in -1..0"),
        ("rows.module_ready_s", 7.0, "must (count the modules|be 0 of modules)"),
        ("rows.status", 9, "must be in 0..4"),
        ("rows.energy_j", np.nan, "must be finite"),
        ("rows.counters", 3, "has 3 modules per group: must be one of .1."),
    ):
        state = envs[0].state()
        state[name].flat[N_GROUP if name == "rows.counters" else 0] = value
        with pytest.raises(ValueError, match=complaint):
            envs[1].restore(state)


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_every_render_mode_shows_modules_load_and_feeders(mode: str):
    env = gym.make("EdgeLLM/Scaling-v0", scenario="feeder-rack", render_mode=mode)
    env.reset(seed=0)
    for change in (2, 0, 0, -3, 0):
        env.step(wants(change, 8))
    shown: Any = env.render()
    if mode == "ansi":
        assert "feeder 5 [" in shown
        assert "in groups of" not in shown
        assert shown.count("off") == 7
    else:
        assert shown.shape == (600, 800, 3)
        assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 10
    env.close()
