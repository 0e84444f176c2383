"""A state from outside is checked before any kernel reads it, and one that is refused leaves the environment alone."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.envs.restoring import BOUNDS
from edge_llm_env.wrappers.multi_objective import VectorMultiObjective
from tests.support.helpers import ONE_NODE_IDS

BATCHING = "EdgeLLM/Batching-v0"


def played(env_id: str = BATCHING, **options: Any) -> Any:
    env = gym.make_vec(env_id, num_envs=3, vectorization_mode="vector_entry_point", scenario="carry-over", **options)
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(5):
        env.step(env.action_space.sample())
    return env.unwrapped


def with_entry(name: str, value: Any) -> Any:
    def change(state: dict[str, NDArray]) -> None:
        state[name].reshape(-1)[0] = value

    return change


def test_every_array_of_whole_numbers_has_bounds() -> None:
    state = played().simulation.state
    assert {name for name, array in state._asdict().items() if array.dtype.kind in "iu"} == set(BOUNDS)


CHANGES = {
    "missing": (lambda state: state.pop("rows.gain"), r"state\['rows.gain'\]: is required"),
    "unknown": (lambda state: state.update(more=np.zeros(3)), r"state\['more'\]: there is no such array"),
    "list": (lambda state: state.update(finished=[False] * 3), r"state\['finished'\] = .*: must be a NumPy array"),
    "type": (
        lambda state: state.update({"rows.oldest": state["rows.oldest"].astype(float)}),
        r"state\['rows.oldest'\] has dtype float64: must be int64",
    ),
    "shape": (
        lambda state: state.update({"rows.visible": state["rows.visible"][:2]}),
        r"state\['rows.visible'\] has shape \(2,\): must be \(3\)",
    ),
    "swapped": (
        lambda state: state.update({"rows.gain": state["rows.gain"][:, :-1]}),
        r"state\['rows.gain'\] has room for \d+ requests: must have as much as rows.arrival_s",
    ),
    "index": (
        with_entry("rows.slot_request", 10**9),
        r"state\['rows.slot_request'\] has 1000000000: must be in 0..\d+",
    ),
    "negative": (with_entry("rows.visible", -1), r"state\['rows.visible'\] has -1: must be in 0..32"),
    "beyond": (with_entry("rows.oldest", 2**40), r"state\['rows.oldest'\] has \d+: must be in 0..\d+"),
    "status": (with_entry("rows.status", 9), r"state\['rows.status'\] has 9: must be in 0..\d"),
    "large": (
        with_entry("rows.slot_prompt_tokens", 1e308),
        r"has 1e\+308: every number must be at most 1e\+100 in size",
    ),
    "nan": (with_entry("rows.gain", np.nan), r"state\['rows.gain'\] has nan: every number must be finite"),
    "late": (with_entry("rows.arrival_s", 1e9), r"state\['rows.arrival_s'\]\[0\]: must be ascending"),
    "closed": (lambda state: state["rows.action_mask"].fill(0), r"state\['rows.action_mask'\] closes the last action"),
    "end": (with_entry("finished", True), r"state\['finished'\]: must be true of the rows at the end"),
    "outside": (with_entry("observations", 2.0), r"state\['observations'\]: every entry must be in 0..1"),
    "generator": (
        with_entry("generators", "{}"),
        r"state\['generators'\]\[0\] = '{}': must be a state of PCG64 as JSON",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_not_a_state_is_refused_and_changes_nothing(name: str) -> None:
    change, complaint = CHANGES[name]
    env = played()
    before, state = env.state(), env.state()
    change(state)
    with pytest.raises((TypeError, ValueError), match=complaint):
        env.restore(state)
    after = env.state()
    assert all(np.array_equal(before[array], after[array]) for array in before)


@pytest.mark.parametrize("given", [None, [], 3, "state"])
def test_what_is_no_mapping_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"state = .*: must be what state"):
        played().restore(given)


def test_states_with_the_arrays_in_another_order_are_equal() -> None:
    env, other = played(), played()
    other.restore(dict(reversed(env.state().items())))
    action = np.zeros(3, dtype=np.int64)
    assert all(np.array_equal(one, two) for one, two in zip(env.step(action)[:4], other.step(action)[:4], strict=True))


@pytest.mark.parametrize("env_id", ONE_NODE_IDS)
def test_rewards_of_objectives_go_on_from_a_state(env_id: str) -> None:
    """Summed since the state, not since an episode that another environment had begun."""
    envs = [VectorMultiObjective(played(env_id)) for _ in range(2)]
    for env in envs:
        env.reset(seed=1)
        env.action_space.seed(1)
    actions = [envs[0].action_space.sample() for _ in range(20)]
    for action in actions[:10]:
        envs[0].step(action)
    envs[1].restore(envs[0].state())
    for action in actions[10:]:
        one, two = (env.step(action) for env in envs)
        assert np.array_equal(one[1], two[1])


def test_the_names_of_a_state_are_those_of_its_arrays() -> None:
    assert set(played().state()) == {f"rows.{name}" for name in NodeState._fields} | {
        "observations", "finished", "generators",
    }  # fmt: skip
