"""The rule of optimal stopping: its chain, what waiting is worth by another way, and whom it lets wait."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from edge_llm_baselines.uploads.rules import ShortestRemainingTime
from edge_llm_baselines.uploads.stopping import Chain, OptimalStopping, chain_of, tune_price, worth_of_waiting
from edge_llm_env import Scenario, load_scenario
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.observation.foresight import later_epochs
from experiments.allocation.checks import states
from tests.support.allocation import started
from tests.support.helpers import small_scenario, workload_at

ENV = "EdgeLLM/Bandwidth-v0"
SMALL = small_scenario("mobile-uplink", epoch__visible_slots=8, epoch__episode_epochs=12)
STILL = load_scenario(SMALL, **{"radio.path_loss.shadowing_db": 0.0})


def test_the_chain_keeps_mean_and_correlation() -> None:
    chain = chain_of(load_scenario("mobile-uplink"))
    assert chain.moves.sum(axis=1) == pytest.approx(1.0)
    after = np.linalg.matrix_power(chain.moves, 100)[0]
    assert after @ chain.levels == pytest.approx(1.0, abs=0.15)  # of a log-normal that is cut off
    deviation = 6.0 * math.log(10.0) / 10.0
    logs = np.log(chain.levels) / deviation + deviation / 2.0
    middle = (abs(logs) > 0.1) & (abs(logs) < 1.5)
    kept = (chain.moves @ logs)[middle] / logs[middle]
    assert kept == pytest.approx(math.exp(-1.0), abs=0.03)  # 30 m an epoch at the mean speed
    assert chain_of(STILL) == Chain(pytest.approx(np.ones(1)), pytest.approx(np.ones((1, 1))))


def expected_worth(simulation: Simulation, row: int, slot: int, price: float, chain: Chain) -> float:
    """The same by recursion from the present on."""
    params, state = simulation.params, simulation.state
    request = state.slot_request[row, slot]
    later, epoch_s = later_epochs(params, state, row, slot), params.epoch_s
    seen_first = math.floor(state.arrival_s[row, request] / epoch_s) + 1
    block = simulation.counters(row)["epochs"] + 1 - seen_first
    bits = state.prompt_tokens[row, request] * params.uplink_bits_per_token - state.sent_bits[row, request]

    def carried(ahead: int, factor: float) -> float:
        usual = state.usual_gain[row, request, min(block + ahead, state.usual_gain.shape[2] - 1)]
        rate = params.uplink_symbols_per_s * math.log2(1.0 + params.uplink_snr * usual * factor)
        return 1.0 - price * bits / (params.uplink_s * rate)

    @cache
    def waits(ahead: int, level: int) -> float:
        """What can be expected a further epoch on, from a level in an epoch."""
        if ahead == later:
            return 0.0
        chances = zip(chain.moves[level], chain.levels, range(len(chain.levels)), strict=True)
        return sum(p * max(0.0, carried(ahead + 1, f), waits(ahead + 1, to)) for p, f, to in chances)

    if len(chain.levels) == 1:
        return waits(0, 0)
    now = state.gain[row, request, 0, block] / state.usual_gain[row, request, block]
    at = np.interp(math.log(now), np.log(chain.levels), np.arange(len(chain.levels)))
    return float(np.interp(at, np.arange(len(chain.levels)), [waits(0, level) for level in range(len(chain.levels))]))


@pytest.mark.parametrize("scenario", [SMALL, STILL], ids=["shadowed", "still"])
def test_waiting_is_worth_what_a_recursion_says(scenario: Scenario) -> None:
    chain, told = chain_of(scenario), 0
    for simulation, row in states(ENV, scenario, 30, seed=4):
        shown = int(simulation.state.visible[row])
        worth = worth_of_waiting(simulation.params, simulation.state, row, 1.4, *chain)
        for slot in range(shown):
            assert worth[slot] == pytest.approx(expected_worth(simulation, row, slot, 1.4, chain), abs=1e-9)
            told += 0.0 < worth[slot] < 1.0
    assert told > 30


def test_waiting_is_worth_less_at_a_higher_price_and_nothing_in_the_last_epoch() -> None:
    chain, last = chain_of(SMALL), 0
    for simulation, row in states(ENV, SMALL, 60, seed=5):
        params, state = simulation.params, simulation.state
        cheap, dear = (worth_of_waiting(params, state, row, price, *chain) for price in (0.5, 2.0))
        assert (cheap >= dear).all()
        for slot in range(len(cheap)):
            if later_epochs(params, state, row, slot) == 0:
                assert cheap[slot] == 0.0
                last += 1
    assert last > 5


def test_who_drives_nearer_waits() -> None:
    """Two uploads alike, of a user who comes nearer and of one who goes: alone the latter is served first."""
    scenario = load_scenario("mobile-uplink", **{"epoch.visible_slots": 6})
    gains = np.full((2, 10), 1e-11)
    base = workload_at(
        [0.0, 0.5], prompt_tokens=512, latency_requirement_s=20.0, uplink_gain=gains, downlink_gain=gains
    )
    distance_m = np.array([np.linspace(300, 60, 10), np.linspace(300, 500, 10)])
    requests = type(base)(**(base.__dict__ | {"distance_m": distance_m})).validate()
    env = started(ENV, scenario, requests)
    assert ShortestRemainingTime().order(env.simulation, 0).tolist() == [0, 1]
    assert OptimalStopping(1.4, scenario).order(env.simulation, 0).tolist() == [1, 0]


def test_what_makes_no_rule_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"price = 0\.0: must be greater than 0"):
        OptimalStopping(0.0, SMALL)
    with pytest.raises(ValueError, match=r"radio\.road = None"):
        OptimalStopping(1.0, load_scenario("embedding-uplink-carried"))


def test_tuning_is_of_its_seed() -> None:
    assert tune_price(SMALL, seed=3, episodes=2) == tune_price(SMALL, seed=3, episodes=2)
