"""What is particular to `EdgeLLM/ContinuousBatching-v0`."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.engine.rows.restoring import BOUNDS
from edge_llm_env.envs.observation.layout import names
from edge_llm_env.inference.iteration import IterationCost, IterationCosts
from tests.support.helpers import ROOFLINE, workload_at

ID = "EdgeLLM/ContinuousBatching-v0"
SLOTS, BATCH = 3, 2
SETTINGS = ROOFLINE | {
    "epoch.visible_slots": SLOTS,
    "epoch.episode_epochs": 2,
    "iterations.running_slots": BATCH,
    "iterations.prefill_budgets": [10, 100],
    "iterations.most_iterations": 4,
    "iterations.classes": [
        {"name": "hasty", "latency_requirement_up_to_s": 40.0, "ttft_s": 3.0, "tpot_s": 1.0},
        {"name": "calm", "ttft_s": 9.0, "tpot_s": 2.0},
    ],
    "radio.uplink_bits_per_token": 0.001,
    "radio.downlink_bits_per_token": 0.001,
    "workload.prompt_tokens": [20],
    "workload.output_tokens": [4],
}
PREEMPT, DROP, RUN = SLOTS, SLOTS + BATCH, 2 * SLOTS + BATCH


def make(**changes: Any) -> Any:
    """An environment whose passes take whole seconds: 0.5 each, 0.25 per decode, 0.05 per token of a prompt."""
    scenario = load_scenario("carry-over", **SETTINGS | changes)
    cost = IterationCost(decode_pass=0.5, decode_sequence=0.25, prefill_pass=0.5, prefill_token=0.05)
    scenario.__dict__["iteration_costs"] = IterationCosts(cost, cost.scaled(8.0))
    return gym.make(ID, scenario=scenario, disable_env_checker=True).unwrapped


def at(*arrival_s: float, **settings: Any) -> dict[str, Any]:
    """Requests that are visible as soon as they arrive."""
    given = {"prompt_tokens": 20, "output_tokens": 3, "uplink_gain": 1e30, "downlink_gain": 1e30} | settings
    return {"workload": workload_at(arrival_s, **given)}


def test_an_episode_worked_by_hand() -> None:
    env = make()
    _, info = env.reset(options=at(1.0, 1.0, latency_requirement_s=[30.0, 50.0]))
    state = env.simulation.state
    assert state.now_s[0] == pytest.approx(1.0)
    assert (info["arrived"], info["waiting"], info["running"]) == (2, 2, 0)
    assert np.flatnonzero(info["action_mask"]).tolist() == [0, 1, RUN]  # admit either, or wait
    _, reward, _, _, info = env.step(0)
    assert (reward, info["running"], state.now_s[0]) == (0.0, 1, pytest.approx(1.0))
    # A chunk of 10 takes 0.5 + 10·0.05 s, two of them the prompt; the agent is asked when it is done.
    _, reward, _, _, info = env.step(RUN + 1)
    assert state.now_s[0] == pytest.approx(3.0)
    assert (info["iterations"], state.generated[0, 0], state.first_s[0, 0]) == (2, 1, pytest.approx(3.0))
    env.step(0)  # the second joins
    # One iteration has a decode of the first (0.25), all of the second's prompt (1.0), and reads weights once (0.5).
    _, reward, _, _, info = env.step(RUN + 2)
    assert state.now_s[0] == pytest.approx(4.75)
    assert state.generated[0, :2].tolist() == [2, 1]
    # The first has its third token after a decode of both, 1.75 + 1.0 s for two tokens: slower than 1 s in the mean.
    _, reward, _, _, info = env.step(RUN)
    assert state.now_s[0] == pytest.approx(5.75)
    assert (info["completed"], info["missed_tpot"], info["missed_ttft"], info["expired"]) == (1, 1, 0, 1)
    assert reward == 0.0
    _, reward, _, _, info = env.step(RUN)
    assert state.now_s[0] == pytest.approx(6.5)
    assert (info["served"], info["tokens"], reward) == (1, 6, 1.0)
    assert info["energy_j"] == pytest.approx(8.0 * 5.5)
    _, _, _, truncated, info = env.step(RUN)  # nobody comes any more: the engine waits until the end
    assert truncated
    assert (state.now_s[0], info["epochs"]) == (40.0, 2)


def test_who_is_late_can_be_dropped_and_who_was_preempted_computes_all_anew() -> None:
    env = make()
    env.reset(options=at(0.0, 0.0, 0.0, output_tokens=4, latency_requirement_s=[50.0, 50.0, 30.0]))
    env.step(0)
    env.step(RUN + 2)
    env.step(RUN)  # up to its fourth token
    assert env.simulation.counters(0)["completed"] == 1
    _, _, _, _, info = env.step(0)
    mask = info["action_mask"]
    # 1.5 + 2.25 s have gone: the hasty one, due at 3 s, is late
    assert np.flatnonzero(mask[DROP:RUN]).tolist() == [0]
    assert not mask[PREEMPT:DROP].any()
    _, _, _, _, info = env.step(DROP)
    assert (info["dropped"], info["expired"], info["missed_ttft"], info["waiting"]) == (1, 1, 1, 0)


def test_memory_that_runs_short_stops_the_engine_until_somebody_makes_room() -> None:
    env = make(**{"iterations.block_tokens": 16})
    env.simulation.params = env.simulation.params._replace(blocks=4, watermark_blocks=0)
    _, info = env.reset(options=at(0.0, 0.0, prompt_tokens=31, output_tokens=9, latency_requirement_s=80.0))
    env.step(0)
    env.step(0)
    state = env.simulation.state
    assert state.free_blocks[0] == 0
    _, _, _, _, info = env.step(RUN + 2)
    assert state.generated[0, :2].tolist() == [1, 1]
    _, _, _, _, info = env.step(RUN)  # the 32nd token of each fits, the 33rd does not
    assert state.generated[0, :2].tolist() == [2, 2]
    assert np.flatnonzero(info["action_mask"]).tolist() == [PREEMPT, PREEMPT + 1]
    _, _, _, _, info = env.step(PREEMPT + 1)
    assert (info["preempted"], info["recomputed_tokens"], info["waiting"]) == (1, 32, 1)
    assert not info["action_mask"][0]  # not at this very time
    _, _, _, _, info = env.step(RUN)
    assert state.generated[0, :2].tolist() == [6, 2]
    assert state.target[0, 1] == 33


def test_what_is_swapped_to_the_host_is_moved_back_and_not_computed_anew() -> None:
    env = make(**{"iterations.block_tokens": 16})
    env.simulation.params = env.simulation.params._replace(
        blocks=4, watermark_blocks=0, host_blocks=2, block_transfer_s=0.5
    )
    env.reset(options=at(0.0, 0.0, prompt_tokens=31, output_tokens=9, latency_requirement_s=80.0))
    for action in (0, 0, RUN + 2, RUN):
        env.step(action)
    state, began_s = env.simulation.state, env.simulation.state.now_s[0]
    _, _, _, _, info = env.step(PREEMPT + 1)
    assert (info["preempted"], info["swapped"], info["recomputed_tokens"]) == (1, 1, 0)
    assert (state.cached[0, 1], state.host_free[0], state.transfer_s[0]) == (32, 0, 1.0)
    env.step(RUN)  # two blocks are moved, and then there are four decodes of 0.75 s
    assert state.now_s[0] - began_s == pytest.approx(1.0 + 4 * 0.75)
    _, _, _, _, info = env.step(RUN)
    assert (info["completed"], info["waiting"], info["iterations"]) == (1, 1, 9)
    began_s = state.now_s[0]
    env.step(0)
    _, _, _, _, info = env.step(RUN)  # back, and on with the third token
    assert (state.host_free[0], state.transfer_s[0], info["recomputed_tokens"]) == (2, 0.0, 0)
    assert state.now_s[0] - began_s == pytest.approx(1.0 + 4 * 0.75)
    assert state.generated[0, 1] == 6


def test_a_host_without_room_has_what_was_cached_computed_anew() -> None:
    env = make(**{"iterations.block_tokens": 16})
    env.simulation.params = env.simulation.params._replace(blocks=4, watermark_blocks=0, host_blocks=1)
    env.reset(options=at(0.0, 0.0, prompt_tokens=31, output_tokens=9, latency_requirement_s=80.0))
    for action in (0, 0, RUN + 2, RUN, PREEMPT + 1):
        _, _, _, _, info = env.step(action)
    assert (info["preempted"], info["swapped"], info["recomputed_tokens"]) == (1, 0, 32)


def test_misses_are_paid_for_in_part_where_the_scenario_says_so() -> None:
    # Alone: the prompt's pass ends at 1.5 s, each further token takes 0.75 s, so two of them 1.5 times 0.5 s.
    classes = [{"name": "all", "ttft_s": 1.0, "tpot_s": 0.5}]
    for soft, paid in ((0.0, 0.0), (0.25, 0.0), (1.0, 0.5), (2.0, 0.75)):
        env = make(**{"iterations.classes": classes, "iterations.soft_misses": soft, "reward.tokens": 0.125})
        env.reset(options=at(0.0, output_tokens=3))
        env.step(0)
        env.step(RUN + 2)
        _, reward, _, _, info = env.step(RUN)
        assert (info["served"], info["missed_ttft"], info["missed_tpot"], info["expired"]) == (0, 1, 1, 1)
        assert info["reward_terms"]["served"] == pytest.approx(paid)
        assert info["reward_terms"]["tokens"] == pytest.approx(0.375 * paid)
        assert reward == pytest.approx(1.375 * paid)


def test_percentiles_at_the_end_of_an_episode() -> None:
    env = make()
    _, info = env.reset(options=at(1.0, 1.0, 39.0, latency_requirement_s=[30.0, 50.0, 50.0]))
    assert "percentiles" not in info
    for action in (0, 0, RUN + 2, RUN):
        _, _, _, truncated, info = env.step(action)
    assert not truncated
    assert "percentiles" not in info
    while not truncated:
        _, _, _, truncated, info = env.step(RUN)
    # Both prompts take one pass of 0.5 + 40·0.05 s, and two tokens 1 s each; the third is never admitted.
    for name, expected in {"ttft_s": 2.5, "tpot_s": 1.0, "end_to_end_s": 4.5}.items():
        assert info["percentiles"][name] == pytest.approx({"p50": expected, "p90": expected, "p99": expected})
    env.reset(options=at(39.5))
    _, _, _, _, info = env.step(RUN)
    assert info["percentiles"] == {"ttft_s": {}, "tpot_s": {}, "end_to_end_s": {}}


def test_a_vector_tells_percentiles_of_rows_that_end() -> None:
    scenario = load_scenario("carry-over", **SETTINGS)
    vector: Any = gym.make_vec(ID, num_envs=2, vectorization_mode="vector_entry_point", scenario=scenario)
    _, infos = vector.reset(seed=3)
    found: dict[int, Any] = {}
    while len(found) < 2:
        _, _, _, truncated, infos = vector.step(np.array([mask.argmax() for mask in infos["action_mask"]]))
        if truncated.any():
            assert infos["_percentiles"].tolist() == truncated.tolist()
            for row in np.flatnonzero(truncated).tolist():
                found.setdefault(row, {name: one[row] for name, one in infos["percentiles"]["ttft_s"].items()})
    for row in range(2):
        single: Any = gym.make(ID, scenario=scenario)
        _, info = single.reset(seed=3 + row)
        truncated = False
        while not truncated:
            _, _, _, truncated, info = single.step(int(info["action_mask"].argmax()))
        mine = info["percentiles"]["ttft_s"]
        assert {name: found[row][name] for name in mine} == pytest.approx(mine, abs=0)


def test_a_request_that_the_memory_could_never_hold_is_rejected() -> None:
    env = make()
    env.simulation.params = env.simulation.params._replace(blocks=2)
    _, info = env.reset(options=at(1.0, 1.0, prompt_tokens=30, output_tokens=[4, 3]))
    assert (info["rejected"], info["waiting"], info["pending"]) == (1, 1, 1)


def test_closed_actions_run_on_and_are_counted() -> None:
    env, other = make(), make()
    for one in (env, other):
        one.reset(options=at(0.0, 5.0))
    closed = env.step(PREEMPT)
    assert closed[4]["invalid_actions"] == 1
    np.testing.assert_array_equal(closed[0], other.step(RUN)[0])


@pytest.mark.parametrize(("told", "expected"), [("known", [4, 4]), ("unknown", [0, 0])])
def test_lengths_are_told_as_the_scenario_says(told: str, expected: list[int]) -> None:
    env = make(**{"iterations.output_lengths": told})
    env.reset(options=at(0.0, 0.0, output_tokens=4))
    assert env.simulation.state.told_tokens[0, :2].tolist() == expected


def test_predicted_lengths_are_powers_of_two_within_the_stated_error() -> None:
    env = make(**{"iterations.output_lengths": "predicted", "iterations.prediction_error": 1.0})
    outputs = np.arange(1, 600)
    workload = at(*np.linspace(0.0, 39.0, len(outputs)), output_tokens=outputs)
    for _ in range(2):
        env.reset(options=workload)
        told = env.simulation.state.told_tokens[0, : len(outputs)]
        octaves = np.log2(told)
        assert (octaves == np.rint(octaves)).all()
        assert (np.abs(octaves - np.log2(outputs)) <= 1.5).all()
    assert len(set(told[outputs == 100]) | set(told[400:500])) > 1


def test_an_observations_entries_are_what_their_names_say() -> None:
    env = make()
    observation, _ = env.reset(options=at(1.0, 1.0, latency_requirement_s=[30.0, 50.0]))
    entry = names(env.mechanism.observation, env.scenario).index
    assert observation[entry("waiting")] == np.float32(2 / 3)
    # The prompt alone takes 0.5 + 20·0.05 s: the hasty class, due 3 s after arrival, can wait 1.5 s, of 9 at most.
    assert observation[entry("slack[0]")] == pytest.approx(1.5 / 9.0)
    assert observation[entry("slack[1]")] == pytest.approx(7.5 / 9.0)
    assert observation[entry("tpot[0]")] == 0.5
    observation, *_ = env.step(0)
    observation, *_ = env.step(RUN + 1)
    assert observation[entry("prefilled[0]")] == 1.0
    assert observation[entry("running_generated[0]")] == 0.25
    assert observation[entry("pace_slack[0]")] == pytest.approx(1.0 / 9.0)
    assert observation[entry("present[1]")] == observation[entry("runs[1]")] == 0.0


STATES = {
    "index": ("rows.running", 10**6, r"state\['rows.running'\] has 1000000: must be in 0"),
    "beyond": ("rows.in_slots", 10**6, r"state\['rows.in_slots'\] has 1000000: must be in 0"),
    "nan": ("rows.now_s", np.nan, r"state\['rows.now_s'\] has nan: every number must be finite"),
    "mask": ("rows.action_mask", True, r"state\['rows.action_mask'\]\[0\]: must be open where"),
    "done": ("rows.output_tokens", 0, r"state\['rows.generated'\]\[0\]: must be less than"),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_kernels_could_not_go_on_from_is_refused(name: str) -> None:
    array, value, complaint = STATES[name]
    env: Any = gym.make_vec(
        ID, num_envs=2, vectorization_mode="vector_entry_point", scenario=load_scenario("carry-over", **SETTINGS)
    ).unwrapped
    env.reset(options={"workloads": [at(0.0, 0.0)["workload"]] * 2})
    env.step(np.array([0, 0]))
    state = env.state()
    env.restore(state)
    state[array][0] = value
    with pytest.raises(ValueError, match=complaint):
        env.restore(state)


def test_every_array_of_whole_numbers_has_bounds() -> None:
    state = make().simulation.state
    assert {name for name, array in state._asdict().items() if array.dtype.kind in "iu"} == set(BOUNDS)


def test_beliefs_are_refused():
    scenario = load_scenario("carry-over", **{"beliefs.gain_error_db": 1.0})
    with pytest.raises(ScenarioError, match="beliefs: must be without errors here"):
        gym.make(ID, scenario=scenario)
