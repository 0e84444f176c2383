"""Tiny instances in unit time: what bound, integer programme and rules say of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_llm_baselines.schedulers.clairvoyant.bound import bound_of_row
from edge_llm_baselines.schedulers.clairvoyant.exact import UNIT_TIME, optimum
from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_env import load_scenario
from edge_llm_env.engine.actions import act
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import N_SERVED
from edge_llm_env.support.calling import direct

TINY = {
    "epoch.visible_slots": 5,
    "epoch.episode_epochs": 1,
    "iterations.running_slots": 3,
    "iterations.prefill_budgets": [1, 2, 3],
    "iterations.most_iterations": 1,
}
"""What makes chat-4090 an engine of a few requests."""

MOST_REQUESTS = 5


class Compared(NamedTuple):
    """One instance."""

    bound: int
    optimum: int
    rules: dict[str, int]
    """Requests that each rule serves, by its key."""

    @property
    def best_rule(self) -> int:
        """Most that any rule serves."""
        return max(self.rules.values())


def unit_instance(rng: np.random.Generator) -> EngineSimulation:
    """An engine in unit time with one row: up to five requests of up to four tokens of prompt and three of output."""
    simulation = EngineSimulation(load_scenario("chat-4090", **TINY), rows=1)
    simulation.params = simulation.params._replace(
        time=UNIT_TIME,
        end_s=float(rng.integers(5, 9)),
        blocks=int(rng.integers(3, 8)),
        block_tokens=int(rng.integers(1, 4)),
        watermark_blocks=0,
    )
    state, count = simulation.state, int(rng.integers(1, MOST_REQUESTS + 1))
    visible_s = np.sort(rng.integers(0, 5, size=count)).astype(np.float64)
    state.requests[0] = count
    state.arrival_s[0, :count] = state.visible_s[0, :count] = visible_s
    state.first_due_s[0, :count] = visible_s + rng.integers(1, 6, size=count)
    state.tpot_s[0, :count] = rng.choice([1.0, 1.5, 2.0, 3.0], size=count)
    state.prompt_tokens[0, :count] = rng.integers(1, 5, size=count)
    state.output_tokens[0, :count] = rng.integers(1, 4, size=count)
    state.told_tokens[0, :count] = state.output_tokens[0, :count]
    state.order[0, :count] = np.arange(count)
    return simulation


def compared(simulation: EngineSimulation) -> Compared:
    """Bound, optimum and what every rule serves, each with the first and the last numbers that its tuning tries."""
    params, state = simulation.params, simulation.state
    actions, rules = np.zeros(1, dtype=np.int64), {}
    for key, (_, scheduler) in SCHEDULERS.items():
        served = []
        for numbers in (scheduler.candidates()[0], scheduler.candidates()[-1]):
            direct(begin_episode)(params, state, 0)
            while state.now_s[0] < params.end_s:
                direct(scheduler.choose_rows)(params, state, np.array([numbers]), actions)
                direct(act)(params, state, 0, int(actions[0]))
            served.append(int(state.counters[0, N_SERVED]))
        rules[key] = max(served)
    return Compared(bound_of_row(params, state, 0, 1.0), optimum(params, state, 0), rules)
