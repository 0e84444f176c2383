"""A mechanism brings an observation of its own: a layout and kernels that write it, with no other file touched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import admit, begin_episode, dispatch, refresh_mask
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.envs.batch_selection.environment import MECHANISM, BatchSelectionEnv, BatchSelectionVectorEnv
from edge_llm_env.envs.observation.layout import Feature, names, once, per_slot
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.sharing import next_rows
from tests.support.helpers import assert_same, small_scenario, workload_at

ROWS, STEPS = 3, 25


@compiled
def observe(params: NodeParams, state: NodeState, row: int, observation: NDArray[np.float32]) -> None:
    observation[:] = 0.0
    observation[0] = state.visible[row] / state.slot_request.shape[1]
    for slot in range(state.visible[row]):
        observation[1 + slot] = min(1.0, state.slot_prompt_tokens[row, slot] / params.longest_prompt_tokens)


@compiled
def begin_rows(
    params: NodeParams, state: NodeState, beginning: NDArray[np.intp], observations: NDArray[np.float32]
) -> None:
    for row in beginning:
        begin_episode(rule_of(params), params, state, row)
        observe(params, state, row, observations[row])


@compiled
def step_row(
    params: NodeParams, state: NodeState, row: int, chosen: NDArray[np.int8], observation: NDArray[np.float32]
) -> None:
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    for slot in range(state.visible[row]):
        if chosen[slot] and state.action_mask[row, slot]:
            admit(rule, params, state, row, slot)
            refresh_mask(rule, state, row)
    dispatch(rule, params, state, row)
    observe(params, state, row, observation)


@compiled
def step_rows(
    params: NodeParams,
    state: NodeState,
    chosen: NDArray[np.int8],
    active: NDArray[np.bool_],
    observations: NDArray[np.float32],
    returned: Returned,
    turns: NDArray[np.int64],
    thread: int,
) -> None:
    first, last = next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            if active[row]:
                step_row(params, state, row, chosen[row], observations[row])
            hand_out(params, state, observations, returned, row)
        first, last = next_rows(turns, thread)


OWN = MECHANISM._replace(
    observation=(
        once(Feature("waiting", "Q", "slots in use")),
        per_slot(Feature("prompt", "longest prompt", "prompt length, tokens")),
    ),
    begin_rows=begin_rows,
    step_row=step_row,
    step_rows=step_rows,
)


class OwnEnv(BatchSelectionEnv):
    mechanism = OWN


class OwnVectorEnv(BatchSelectionVectorEnv):
    mechanism = OWN


def test_the_first_observation_and_those_after_a_step_are_its_own() -> None:
    scenario = small_scenario()
    env = OwnEnv(scenario)
    workload = workload_at([0.1, 0.2, 2.5], prompt_tokens=[16, 64, 32])
    first, _ = env.reset(options={"workload": workload})
    assert env.observation_space.contains(first)
    assert names(OWN.observation, scenario) == ["waiting", *(f"prompt[{slot}]" for slot in range(6))]
    longest = env.simulation.params.longest_prompt_tokens
    assert first.tolist() == np.float32([2 / 6, 16 / longest, 64 / longest, 0, 0, 0, 0]).tolist()
    second, *_ = env.step(np.int8([1, 1, 0, 0, 0, 0]))
    assert second.tolist() == np.float32([1 / 6, 32 / longest, 0, 0, 0, 0, 0]).tolist()


def test_a_row_of_the_vector_form_sees_what_the_single_environment_does() -> None:
    scenario = small_scenario()
    several: Any = OwnVectorEnv(ROWS, scenario)
    alone = [OwnEnv(scenario) for _ in range(ROWS)]
    observations, _ = several.reset(seed=7)
    assert observations.shape == (ROWS, 7)
    assert_same(list(observations), [env.reset(seed=7 + row)[0] for row, env in enumerate(alone)])
    rng = np.random.default_rng(0)
    over, begun = np.zeros(ROWS, dtype=np.bool_), 0
    for _ in range(STEPS):
        actions = rng.integers(0, 2, (ROWS, 6), dtype=np.int8)
        observations, _, _, truncated, _ = several.step(actions)
        for row, env in enumerate(alone):
            expected = env.reset()[0] if over[row] else env.step(actions[row])[0]
            assert_same(observations[row], expected)
        over, begun = truncated, begun + over.sum()
    assert begun == 5 * ROWS
