"""In tiny instances the bound is not below the optimum, and no rule is above it."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.schedulers.clairvoyant.exact import optimum
from edge_llm_env.engine.actions import act
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import N_SERVED, EngineState
from edge_llm_env.support.calling import direct
from experiments.scheduling.unit_time import compared, unit_instance

INSTANCES = 60


def test_bound_optimum_and_rules_stand_in_order() -> None:
    rng = np.random.default_rng(15)
    found = [compared(unit_instance(rng)) for _ in range(INSTANCES)]
    assert all(one.best_rule <= one.optimum <= one.bound for one in found)
    assert any(one.best_rule < one.optimum for one in found)
    assert any(one.optimum < one.bound for one in found)
    assert sum(one.best_rule == one.optimum for one in found) > INSTANCES // 2


def best_played(simulation: EngineSimulation) -> int:
    """Most that any sequence of open actions serves, by trying all of them from each state that is reached."""
    params, seen = simulation.params, {}

    def held(state: EngineState) -> bytes:
        return b"".join(array.tobytes() for array in state)

    def go_on() -> int:
        state = simulation.state
        if state.now_s[0] >= params.end_s:
            return int(state.counters[0, N_SERVED])
        key = held(state)
        if key not in seen:
            before, best = [array.copy() for array in state], 0
            for action in np.flatnonzero(state.action_mask[0]):
                direct(act)(params, state, 0, int(action))
                best = max(best, go_on())
                for array, kept in zip(state, before, strict=True):
                    array[...] = kept
            seen[key] = best
        return seen[key]

    direct(begin_episode)(params, simulation.state, 0)
    return go_on()


def test_the_optimum_is_what_the_best_of_all_sequences_of_actions_serves() -> None:
    rng = np.random.default_rng(3)
    tried = 0
    while tried < 12:
        simulation = unit_instance(rng)
        if simulation.state.requests[0] <= 2 and simulation.params.end_s <= 6:
            tried += 1
            assert best_played(simulation) == optimum(simulation.params, simulation.state, 0)


def test_an_optimum_by_hand() -> None:
    simulation = unit_instance(np.random.default_rng(0))
    simulation.params = simulation.params._replace(end_s=4.0, blocks=4, block_tokens=1)
    state = simulation.state
    state.requests[0] = 2
    state.visible_s[0, :2] = 0.0
    state.first_due_s[0, :2] = 2.0
    state.tpot_s[0, :2] = 1.0
    state.prompt_tokens[0, :2] = 2
    state.output_tokens[0, :2] = 2
    assert optimum(simulation.params, state, 0) == 1  # both first tokens by 2 s; then 6 blocks for the second ones
    simulation.params = simulation.params._replace(blocks=6)
    assert optimum(simulation.params, state, 0) == 2


def test_what_is_not_in_unit_time_is_refused() -> None:
    simulation = unit_instance(np.random.default_rng(0))
    simulation.state.visible_s[0, 0] = 0.5
    with pytest.raises(ValueError, match="must be a whole second"):
        optimum(simulation.params, simulation.state, 0)
    slow = simulation.params._replace(time=simulation.params.time._replace(decode_pass=2.0))
    with pytest.raises(ValueError, match=r"params\.time = "):
        optimum(slow, simulation.state, 0)
