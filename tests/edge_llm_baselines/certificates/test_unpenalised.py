"""Bounds without a penalty, of all that a certificate is made for: valid, as hindsight has them, and which they are."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.certificates.clairvoyant.windows import NO_WINDOWS
from edge_llm_baselines.certificates.penalties.independence import channel_dependence, dependence
from edge_llm_baselines.certificates.unpenalised import (
    BATCHES,
    CALLS,
    MODULES,
    bounded_environments,
    clairvoyant_bounds,
)
from edge_llm_baselines.hindsight.block_bound import Effort
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.exact_hindsight import ExactHindsight
from edge_llm_baselines.nodes.clairvoyant.hindsight import hindsight_of_networks
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.registry.modules import OF_EVERYTHING, OF_MODULES
from edge_llm_baselines.registry.networks import OF_NETWORKS
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import Scenario, load_scenario
from edge_llm_env.envs.suite import BANDWIDTH, BATCH_SELECTION, COMPUTE, JOINT, MULTI_NODE, SCALING, SERVICE_LEVEL
from edge_llm_env.scenarios import ScenarioError
from edge_llm_env.workload.streams import draw_workloads
from tests.edge_llm_baselines.hindsight.schedules import scenario_of

SHORT = {"epoch.episode_epochs": 6}


def short(name: str) -> Scenario:
    return load_scenario(name, **SHORT)


@pytest.mark.parametrize("mode", ["carry-over", "roofline"])
def test_of_batches_it_is_the_optimum_or_above_whatever_is_searched(mode: str) -> None:
    scenario = scenario_of(mode, epochs=4, rate_per_s=3.0)
    workloads = draw_workloads(scenario, 3)
    nobody = np.zeros(3)
    best = [ExactHindsight().solve(EpisodeProblem.of_workload(scenario, one)).value for one in workloads]
    searched = clairvoyant_bounds(scenario, workloads, nobody)
    hasty = clairvoyant_bounds(scenario, workloads, nobody, 1, Effort(0), NO_WINDOWS)
    assert (searched >= best).all()
    assert (searched <= hasty).all()
    assert (searched - best <= 1).all()


@pytest.mark.parametrize(("scenario", "env_id"), [("embedding-uplink-carried", BANDWIDTH), ("accuracy-tiers", COMPUTE)])
def test_nobody_serves_more_not_even_hindsight(scenario: str, env_id: str) -> None:
    played = short(scenario)
    workloads = draw_workloads(played, 2)
    known = baselines_of(env_id).hindsight
    assert known is not None
    found = known(played, workloads)
    bounds = clairvoyant_bounds(played, workloads, found.served.astype(np.float64))
    assert (found.served > 0).any()
    assert (bounds >= found.served).all()
    assert (np.abs(bounds - found.upper_bound) <= 1).all()


@pytest.mark.parametrize("scenario", ["two-cells", "hotspot"])
def test_no_rule_of_a_network_serves_more_and_hindsight_proves_no_less(scenario: str) -> None:
    played = short(scenario)
    workloads = draw_workloads(played, 2)
    rules = [OF_NETWORKS.rules[key].acting(0) for key in ("joint-optimum", "gah")]
    served = np.array([roll_out(one, MULTI_NODE, played, workloads).served for one in rules], dtype=np.float64)
    bounds = clairvoyant_bounds(played, workloads, served.max(axis=0))
    found = hindsight_of_networks(played, workloads, rules)
    assert (served > 0).all()
    assert (bounds >= found.served).all()
    assert (bounds <= found.upper_bound).all()


def test_the_bound_of_modules_is_that_of_batches_and_modules_decided_at_once() -> None:
    played = short("accuracy-tiers")
    workloads = draw_workloads(played, 2)
    joint = roll_out(OF_EVERYTHING.rules["best-joint"].acting(0), JOINT, played, workloads).served
    divided = roll_out(OF_MODULES.rules["best-partition"].acting(0), COMPUTE, played, workloads).served
    bounds = clairvoyant_bounds(played, workloads, np.zeros(2), 20, env_id=JOINT)
    assert (bounds == clairvoyant_bounds(played, workloads, np.zeros(2), 20, env_id=COMPUTE)).all()
    assert (bounds >= np.maximum(joint, divided)).all()


@pytest.mark.parametrize(("scenario", "env_id"), [("service-levels", SERVICE_LEVEL), ("diurnal-rack", SCALING)])
def test_where_the_reward_counts_no_rule_earns_more(scenario: str, env_id: str) -> None:
    played = short(scenario)
    workloads, known = draw_workloads(played, 2), baselines_of(env_id)
    assert known.earning is not None
    rewards = known.earning.play(known.rules[known.oracle].acting(0), played, workloads).reward
    bounds = clairvoyant_bounds(played, workloads, rewards, env_id=env_id)
    assert (rewards > 0.0).all()
    assert (bounds >= rewards).all()
    assert (bounds <= [known.earning.most(played, one) for one in workloads]).all()


@pytest.mark.parametrize("scenario", ["carry-over", "embedding-uplink-carried"])
def test_a_bound_below_what_somebody_serves_is_no_bound_and_said(scenario: str) -> None:
    played = short(scenario)
    workloads = draw_workloads(played, 2)
    bounds = clairvoyant_bounds(played, workloads, np.zeros(2))
    with pytest.raises(RuntimeError, match=rf"workload 0 of {scenario}: bound {bounds[0]:g} is below the"):
        clairvoyant_bounds(played, workloads, bounds + 5)


def test_no_rule_of_agent_tasks_completes_more() -> None:
    scenario = load_scenario("agents-chain", **{"epoch.episode_epochs": 40})
    workloads = draw_workloads(scenario, 4)
    rules = [OF_BATCHES.rules[key].acting(0) for key in ("dftsp", "fewest-calls")]
    completed = [roll_out(one, BATCH_SELECTION, scenario, workloads).served for one in rules]
    bounds = clairvoyant_bounds(scenario, workloads, completed[0].astype(np.float64))
    assert (bounds >= completed).all()
    assert bounds.sum() < sum(len(np.unique(one.task)) for one in workloads)


def test_what_a_bound_is_of_follows_from_the_scenario() -> None:
    assert bounded_environments(load_scenario("carry-over")) == BATCHES
    assert bounded_environments(load_scenario("bursty")) == BATCHES
    assert bounded_environments(load_scenario("agents-chain")) == CALLS
    assert bounded_environments(load_scenario("mobile-uplink")) == (BANDWIDTH,)
    assert bounded_environments(load_scenario("shifting-tiers")) == MODULES
    assert bounded_environments(load_scenario("shifting-tiers", **{"epoch.split": "flexible"})) == (COMPUTE,)
    assert bounded_environments(load_scenario("two-cells")) == (MULTI_NODE,)
    assert bounded_environments(load_scenario("shifting-tiers"), JOINT) == MODULES
    assert bounded_environments(load_scenario("specialists"), SERVICE_LEVEL) == (SERVICE_LEVEL,)
    assert bounded_environments(load_scenario("carry-over"), SCALING) == (SCALING,)
    with pytest.raises(ScenarioError, match=r"two-cells: no bound is known in EdgeLLM/Compute-v0, must be in one of"):
        bounded_environments(load_scenario("two-cells"), COMPUTE)


def test_why_there_is_no_penalty_is_said() -> None:
    assert dependence(load_scenario("carry-over")) is None
    bursty = dependence(load_scenario("bursty"))
    assert bursty == ("arrivals tell of later ones", "workload.arrivals.kind = 'markov_modulated': must be 'poisson'")
    reasons = {name: dependence(load_scenario(name)) for name in ("mobile-uplink", "agents-chain", "shifting-tiers")}
    said = [None if one is None else one.reason for one in reasons.values()]
    assert said == [None, "calls arrive as others are served", "what is asked for tells of what will be"]


def test_channels_are_penalised_where_a_gain_tells_of_fading_alone() -> None:
    for name in ("embedding-uplink", "embedding-uplink-carried", "carry-over", "bursty"):
        assert channel_dependence(load_scenario(name)) is None
    shadowed = load_scenario("carry-over", **{"radio.path_loss.shadowing_db": 8.0})
    said = {
        "nr-cell": load_scenario("nr-cell"), "mobile-uplink": load_scenario("mobile-uplink"), "shadowed": shadowed,
        "agents-chain": load_scenario("agents-chain"),
    }  # fmt: skip
    reasons = {name: channel_dependence(scenario) for name, scenario in said.items()}
    assert {name: None if one is None else one.reason for name, one in reasons.items()} == {
        "nr-cell": "a gain does not tell fading from path loss",
        "mobile-uplink": "users drive",
        "shadowed": "a gain does not tell fading from shadowing",
        "agents-chain": "calls arrive as others are served",
    }


def test_without_a_request_nothing_is_served() -> None:
    of_one = {"workload.arrivals.rate_per_s": 1e-9}
    silent = {"workload": {"arrivals": {"rate_per_s": 1e-9}}}
    of_two = {"network.cells": {"busy": silent, "calm": silent}}
    names = ("carry-over", "embedding-uplink-carried", "quantization-choice", "two-cells")
    for name, changed in zip(names, (of_one, of_one, of_one, of_two), strict=True):
        scenario = load_scenario(name, **SHORT, **changed)
        quiet = draw_workloads(scenario, 1)
        assert quiet[0].requests == 0
        assert clairvoyant_bounds(scenario, quiet, np.zeros(1)).tolist() == [0]


def test_arguments_out_of_range_are_named() -> None:
    scenario = short("bursty")
    workloads = draw_workloads(scenario, 2)
    with pytest.raises(ValueError, match="workloads: must have at least one"):
        clairvoyant_bounds(scenario, [], np.zeros(0))
    with pytest.raises(ValueError, match="iterations = 0"):
        clairvoyant_bounds(scenario, workloads, np.zeros(2), 0)
    with pytest.raises(ValueError, match=r"gained of shape \(1,\): must be \(2,\)"):
        clairvoyant_bounds(scenario, workloads, np.zeros(1))
