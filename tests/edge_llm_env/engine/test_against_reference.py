"""The compiled engine against the one in plain Python, decision by decision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_env import draw_workload, load_scenario
from edge_llm_env.engine.actions import act
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.rows.percentiles import percentiles_of
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.support.calling import direct
from tests.references.plain_engine import PlainEngine
from tests.support.helpers import ROOFLINE

CLASSES = [
    {"name": "interactive", "latency_requirement_up_to_s": 40.0, "ttft_s": 2.0, "tpot_s": 0.12},
    {"name": "relaxed", "ttft_s": 8.0, "tpot_s": 0.2},
]
ENGINE = ROOFLINE | {
    "epoch.visible_slots": 5,
    "epoch.episode_epochs": 4,
    "iterations.running_slots": 6,
    "iterations.classes": CLASSES,
    "workload.arrivals.rate_per_s": 1.5,
}
SHORT_OF_MEMORY = ENGINE | {"iterations.block_tokens": 8, "node.memory_bytes_per_module": 7.4e9}
CASES = {
    "roofline": ENGINE,
    "little memory": SHORT_OF_MEMORY,
    "lengths unknown": SHORT_OF_MEMORY | {"iterations.output_lengths": "unknown"},
    "host memory": SHORT_OF_MEMORY | {"iterations.host_memory_bytes": 3e8, "iterations.host_link_bytes_per_s": 2e9},
    "paid in part": ENGINE | {"iterations.soft_misses": 0.7, "reward.tokens": 0.01, "reward.energy": -0.02},
    "asked often": ENGINE | {"iterations.most_iterations": 3, "iterations.prefill_budgets": [7, 100]},
    "paper": {"epoch.visible_slots": 4, "epoch.episode_epochs": 6, "workload.arrivals.rate_per_s": 20.0},
}


def compare(simulation: EngineSimulation, plain: PlainEngine, row: int = 0) -> None:
    """What both hold now."""
    state, counters = simulation.state, simulation.counters(row)
    expected = plain.counters()
    assert {name: counters[name] for name in expected} == expected
    assert state.now_s[row] == pytest.approx(plain.now_s, rel=1e-12)
    assert state.energy_j[row] == pytest.approx(plain.energy_j, rel=1e-9)
    assert state.free_blocks[row] == plain.free
    assert state.host_free[row] == plain.host_free
    assert np.flatnonzero(state.in_host[row]).tolist() == [one.number for one in plain.sequences if one.in_host]
    assert state.transfer_s[row] == pytest.approx(plain.to_transfer_s, rel=1e-12)
    running, waiting = counters["running"], len(plain.visible)
    assert state.running[row, :running].tolist() == [one.number for one in plain.running]
    assert state.waiting[row, :waiting].tolist() == [one.number for one in plain.visible]
    admit, preempt, drop, budgets = plain.open()
    slots, batch = simulation.params.waiting_slots, simulation.params.running_slots
    mask = np.split(state.action_mask[row], [slots, slots + batch, 2 * slots + batch])
    for mine, theirs in zip(mask, (admit, preempt, drop, budgets), strict=True):
        assert mine[: len(theirs)].tolist() == theirs
        assert not mine[len(theirs) :].any()


def compare_ends(
    simulation: EngineSimulation,
    plain: PlainEngine,
    paid: NDArray[np.float64],
    found: dict[str, dict[str, NDArray[np.float64]]],
) -> None:
    """What has been paid in all, and the percentiles, which the kernel finds to rounding."""
    weights = plain.scenario.reward
    assert paid[:3] == pytest.approx(
        [weights.served * plain.paid_served, weights.tokens * plain.paid_tokens, weights.energy * plain.energy_j],
        rel=1e-9,
    )
    for name, expected in plain.percentiles().items():
        mine = {percent: float(one[0]) for percent, one in found[name].items()}
        assert mine == pytest.approx(expected, rel=1e-9, nan_ok=True)


def play(simulation: Any, plain_engine: Any, seed: int) -> tuple[dict[str, int], Any, NDArray]:
    """An episode under random open actions, both side by side; the counters at its end, and what was paid."""
    rng, scenario = np.random.default_rng(seed), simulation.scenario
    workload = draw_workload(scenario, rng)
    simulation.load(0, workload)
    params, state = simulation.params, simulation.state
    direct(begin_episode)(params, state, 0)
    plain = plain_engine(scenario, workload, params.blocks)
    slots, batch = params.waiting_slots, params.running_slots
    shy = rng.random(len(state.action_mask[0])) < 0.5  # of some actions, so that batches and queues become long
    paid = np.zeros(state.reward_terms.shape[1])
    for _ in range(5000):
        compare(simulation, plain)
        if state.now_s[0] >= params.end_s:
            return simulation.counters(0), plain, paid
        open_now = np.flatnonzero(state.action_mask[0])
        chances = np.where(shy[open_now], 0.05, 1.0)
        chances[(open_now >= slots) & (open_now < 2 * slots + batch)] *= 0.1
        chances[open_now >= 2 * slots + batch + len(params.budgets)] *= 0.1
        action = int(rng.choice(open_now, p=chances / chances.sum()))
        direct(act)(params, state, 0, action)
        paid += state.reward_terms[0]
        if action < slots:
            plain.admit(action)
        elif action < slots + batch:
            plain.preempt(action - slots)
        elif action < 2 * slots + batch:
            plain.drop(action - slots - batch)
        elif action < 2 * slots + batch + len(params.budgets):
            plain.run(int(params.budgets[action - 2 * slots - batch]))
        else:
            plain.release(action - 2 * slots - batch - len(params.budgets))
    raise AssertionError("the episode does not end")


@pytest.mark.parametrize("case", CASES)
def test_episode_is_that_of_the_reference(case: str):
    total: dict[str, Any] = {}
    for seed in range(4):
        simulation = EngineSimulation(load_scenario("carry-over", **CASES[case]), rows=1)
        counted, plain, paid = play(simulation, PlainEngine, seed)
        compare_ends(simulation, plain, paid, percentiles_of(simulation, np.zeros(1, dtype=np.intp)))
        for name, value in counted.items():
            total[name] = total.get(name, 0) + value
    assert total["served"] > 10
    assert total["expired"] > 0
    assert total["preempted"] > 0 or case == "paper"
    assert total["swapped"] > 0 or case != "host memory"
