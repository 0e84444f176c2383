"""Hindsight against enumeration, against each other, and against every policy."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines import DFTSP
from edge_llm_baselines.hindsight.annealing import annealed_schedule
from edge_llm_baselines.hindsight.episode import NEVER, EpisodeProblem
from edge_llm_baselines.hindsight.exact_hindsight import ExactHindsight
from edge_llm_baselines.hindsight.forward_schedule import forward_schedule
from edge_llm_baselines.hindsight.hindsight import Hindsight, LagrangianHindsight, hindsight_bounds, one_model_bounds
from edge_llm_baselines.hindsight.lagrangian import GRID, relaxed_value
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_baselines.rules.heuristics import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
)
from edge_llm_baselines.rules.look_ahead import LookAhead
from edge_llm_env import load_scenario
from edge_llm_env.scenarios import ScenarioError
from edge_llm_env.workload.streams import draw_workloads
from experiments.speed.hindsight import hindsight_benchmark
from tests.edge_llm_baselines.hindsight.schedules import MODES, replayed, scenario_of, workload_of
from tests.references.plain_episode import PlainEpisode
from tests.support.clock import stopping_at_once
from tests.support.helpers import workload_at
from tests.support.programs.processes import HANG_GUARD_S


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(10))
def test_on_tiny_episodes_exact_hindsight_is_enumeration(mode: str, seed: int) -> None:
    # A slow node, or a narrow band: else everybody could be served.
    scenario = scenario_of(mode, epochs=3, rate_per_s=2.0, modules=20 if mode == "narrow band" else 3)
    workload = workload_of(scenario, seed)
    plain, episode = PlainEpisode(scenario, workload), EpisodeProblem.of_workload(scenario, workload)
    most = plain.most_served()
    exact = ExactHindsight(HANG_GUARD_S).solve(episode)
    assert exact.optimal
    assert exact.value == exact.upper_bound == most
    bounded = LagrangianHindsight().solve(episode)
    assert bounded.value <= most <= bounded.upper_bound
    for found in (exact, bounded):
        assert plain.is_feasible(found.schedule)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(2))
def test_bound_over_exact_over_every_policy(mode: str, seed: int) -> None:
    scenario = scenario_of(mode, epochs=5)
    workload = workload_of(scenario, seed)
    episode, plain = EpisodeProblem.of_workload(scenario, workload), PlainEpisode(scenario, workload)
    exact, bounded = ExactHindsight(HANG_GUARD_S).solve(episode), LagrangianHindsight().solve(episode)
    assert bounded.value <= exact.upper_bound
    assert exact.value <= bounded.upper_bound
    policies = [
        DFTSP(),
        EarliestDeadlineFirst(),
        FirstComeFirstServed(),
        NoBatching(),
        RandomOrder(),
        ShortestJobFirst(),
    ]
    policies += [LookAhead(discount, scenario.epoch.epoch_s) for discount in (0.0, 0.5, 0.9)]
    for policy in policies:
        assert served_by(policy, scenario, [workload])[0] <= min(exact.upper_bound, bounded.upper_bound)
    for found in (exact, bounded):
        assert episode.value(found.schedule) == found.value <= found.upper_bound
        assert episode.is_feasible(found.schedule)
        assert plain.is_feasible(found.schedule)
        assert replayed(scenario, workload, found.schedule) == found.value


def test_the_bound_is_valid_at_every_iteration() -> None:
    scenario = scenario_of("carry-over", epochs=8)
    episode = EpisodeProblem.of_workload(scenario, workload_of(scenario, 3))
    exact = ExactHindsight(HANG_GUARD_S).solve(episode)
    assert exact.optimal
    bounds = [LagrangianHindsight(iterations).solve(episode).upper_bound for iterations in (1, 2, 5, 10, 20, 40, 80)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[0] > bounds[-1] >= exact.value


@pytest.mark.parametrize("mode", MODES)
def test_any_prices_and_any_node_limit_give_a_bound(mode: str) -> None:
    scenario = scenario_of(mode, epochs=4)
    episode = EpisodeProblem.of_workload(scenario, workload_of(scenario, 1))
    exact = ExactHindsight(HANG_GUARD_S).solve(episode)
    assert exact.optimal
    rng = np.random.default_rng(0)
    for scale in (0.0, 0.2, 0.6, 1.0):
        prices = np.round(scale * rng.random(episode.requests) * GRID) / GRID
        times_served = np.zeros(episode.requests, dtype=np.int64)
        full, cut = (relaxed_value(episode.rule, episode.offers, prices, nodes, times_served) for nodes in (10**6, 1))
        assert exact.value - 1e-9 <= full <= cut + 1e-9


def test_prices_prove_the_bound() -> None:
    scenario = scenario_of("carry-over", epochs=10)
    episode = EpisodeProblem.of_workload(scenario, workload_of(scenario, 0))
    found = LagrangianHindsight().solve(episode)
    assert found.prices is not None
    assert found.prices.shape == (episode.requests,)
    assert ((found.prices >= 0) & (found.prices <= 1)).all()
    assert not found.prices[episode.chances() <= 1].any()
    times_served = np.zeros(episode.requests, dtype=np.int64)
    value = relaxed_value(episode.rule, episode.offers, found.prices, 10**6, times_served)
    assert found.upper_bound <= value + 1e-6
    without_blocks = LagrangianHindsight(block_nodes=0).solve(episode)
    np.testing.assert_array_equal(without_blocks.prices, found.prices)
    assert without_blocks.upper_bound == int(value + 1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_within_a_percent_on_a_whole_episode(seed: int) -> None:
    scenario = scenario_of("carry-over", epochs=50)
    workload = workload_of(scenario, seed)
    found = LagrangianHindsight().solve(EpisodeProblem.of_workload(scenario, workload))
    assert found.gap <= 0.01
    assert found.value > served_by(DFTSP(), scenario, [workload])[0]
    assert replayed(scenario, workload, found.schedule) == found.value


def test_two_runs_are_identical_and_other_seeds_as_valid() -> None:
    scenario = scenario_of("prompts to the longest", epochs=8)
    episode = EpisodeProblem.of_workload(scenario, workload_of(scenario, 0))
    one, two = (LagrangianHindsight().solve(episode) for _ in range(2))
    for mine, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    other = LagrangianHindsight(seed=1).solve(episode)
    assert other.value <= one.upper_bound
    assert one.value <= other.upper_bound


def test_hindsight_chooses_among_all_pending_requests_whatever_slots_a_policy_sees() -> None:
    scenario = load_scenario("carry-over", **{"epoch.visible_slots": 1, "epoch.episode_epochs": 5})
    workload = workload_of(scenario, 0)
    found = LagrangianHindsight(20, restarts=1, moves_per_offer=200).solve(
        EpisodeProblem.of_workload(scenario, workload)
    )
    assert served_by(DFTSP(), scenario, [workload])[0] <= 5, "one a step"
    assert 5 < found.value <= found.upper_bound
    wide = load_scenario(scenario, **{"epoch.visible_slots": 64})
    assert served_by(DFTSP(), wide, [workload])[0] <= found.upper_bound


def test_nothing_to_serve() -> None:
    episode = EpisodeProblem.of_workload(
        scenario_of("carry-over", epochs=2), workload_at([0.5], latency_requirement_s=0.1)
    )
    for solver in (ExactHindsight(HANG_GUARD_S), LagrangianHindsight()):
        found = solver.solve(episode)
        assert found.schedule.tolist() == [NEVER]
        assert (found.value, found.upper_bound, found.optimal, found.gap) == (0, 0, True, 0.0)


def test_everybody_can_be_served() -> None:
    episode = EpisodeProblem.of_workload(scenario_of("carry-over", epochs=4), workload_at([0.5, 2.5, 3.0]))
    for solver in (ExactHindsight(HANG_GUARD_S), LagrangianHindsight()):
        found = solver.solve(episode)
        assert (found.value, found.upper_bound, found.optimal) == (3, 3, True)


def test_a_time_limit_leaves_an_honest_result(monkeypatch: pytest.MonkeyPatch) -> None:
    given = stopping_at_once(monkeypatch)
    scenario = scenario_of("prompts to the longest", epochs=12)
    episode = EpisodeProblem.of_workload(scenario, workload_of(scenario, 0))
    found = ExactHindsight(time_limit_s=2.0).solve(episode)
    assert given == [2.0]
    assert episode.is_feasible(found.schedule)
    assert found.value <= found.upper_bound <= (episode.chances() > 0).sum()
    assert found.upper_bound >= LagrangianHindsight(1).solve(episode).value
    assert not found.optimal


def test_a_gap_ends_the_search_early() -> None:
    scenario = scenario_of("carry-over", epochs=8)
    episode = EpisodeProblem.of_workload(scenario, workload_of(scenario, 3))
    hasty, thorough = LagrangianHindsight(gap=0.2).solve(episode), LagrangianHindsight().solve(episode)
    assert hasty.gap <= 0.2
    assert hasty.iterations < thorough.iterations


def test_annealing_without_moves_serves_nobody() -> None:
    scenario = scenario_of("carry-over", epochs=2)
    episode = EpisodeProblem.of_workload(scenario, workload_of(scenario, 0))
    assert (annealed_schedule(episode, 0, np.random.default_rng(0)) == NEVER).all()


def test_bounds_of_several_workloads() -> None:
    scenario = scenario_of("carry-over", epochs=4)
    workloads = [workload_of(scenario, seed) for seed in range(3)]
    bounds = hindsight_bounds(scenario, workloads)
    for workload_, (value, bound) in enumerate(zip(bounds.served, bounds.upper_bound, strict=True)):
        found = LagrangianHindsight().solve(EpisodeProblem.of_workload(scenario, workloads[workload_]))
        assert (value, bound) == (found.value, found.upper_bound)
    exact = hindsight_bounds(scenario, workloads, ExactHindsight(HANG_GUARD_S))
    assert (exact.served <= bounds.upper_bound).all()
    assert exact.seconds > 0


def test_the_benchmarks_report() -> None:
    report = hindsight_benchmark("carry-over", (1.0,), episodes=2, seed=0)
    (entry,) = report["rates"]
    assert entry["rate_per_s"] == 1.0
    for record in entry["episodes"]:
        assert record["dftsp"] <= record["upper_bound"]
        assert record["look_ahead"] <= record["upper_bound"]
    assert entry["percent_of_dftsp"]["dftsp"] == 100.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"iterations": 0}, r"iterations = 0: must be in 1\.\."),
        ({"restarts": 0}, r"restarts = 0: must be in 1\.\.2147483648"),
        ({"moves_per_offer": 0}, r"moves_per_offer = 0: must be in 1\.\."),
        ({"block_nodes": -1}, r"block_nodes = -1: must be in 0\.\."),
        ({"gap": -0.1}, r"gap = -0\.1: must be finite and at least 0"),
        ({"gap": float("nan")}, "gap = nan: must be finite and at least 0"),
        ({"gap": float("inf")}, "gap = inf: must be finite and at least 0"),
        ({"moves_per_offer": 2**70}, r"moves_per_offer = 1180591620717411303424: must be in 1\.\."),
        ({"seed": -1}, "seed = -1: must be at least 0"),
    ],
)
def test_settings_that_are_not_allowed(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LagrangianHindsight(**arguments)


def test_what_is_no_number_and_what_is_no_episode() -> None:
    with pytest.raises(TypeError, match="restarts = 'many': must be a whole number"):
        LagrangianHindsight(restarts="many")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="episode = 3: must be of type EpisodeProblem"):
        LagrangianHindsight().solve(3)  # type: ignore[arg-type]


def test_other_errors() -> None:
    with pytest.raises(ValueError, match="time_limit_s = 0: must be greater than 0"):
        ExactHindsight(time_limit_s=0)
    with pytest.raises(ValueError, match="workloads: must have at least one workload"):
        hindsight_bounds(scenario_of("carry-over", epochs=2), [])
    with pytest.raises(ValueError, match="episodes = 0: must be at least 1"):
        hindsight_benchmark("carry-over", (1.0,), episodes=0, seed=0)


def test_the_gap_of_a_result() -> None:
    found = Hindsight(np.array([0, NEVER]), 1, 2, None, 0)
    assert found.gap == 1.0
    assert not found.optimal


def test_the_schedule_serves_at_least_what_the_largest_batch_of_every_epoch_does():
    scenario = load_scenario("paper-bloom-3b", **{"epoch.episode_epochs": 6})
    for workload in draw_workloads(scenario, 3, seed=0):
        episode = EpisodeProblem.of_workload(scenario, workload)
        forward = forward_schedule(episode)
        assert episode.is_feasible(forward)
        hindsight = LagrangianHindsight(iterations=5, restarts=1, moves_per_offer=1).solve(episode)
        assert hindsight.value >= episode.value(forward) > 0
        assert episode.is_feasible(hindsight.schedule)


def test_uploads_that_carry_over_are_refused():
    scenario = load_scenario("embedding-uplink-carried", **{"epoch.episode_epochs": 3})
    with pytest.raises(ScenarioError, match=r"radio\.transfers"):
        hindsight_bounds(scenario, draw_workloads(scenario, 1, seed=0))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two-cells", r"two-cells: network: .*MultiNode-v0"),
        ("quantization-choice", r"quantization-choice: node\.variants: .*Compute-v0.*ServiceLevel-v0"),
    ],
)
def test_what_more_than_one_model_on_one_node_serves_is_not_bounded_by_its_batches(name: str, message: str) -> None:
    scenario = load_scenario(name, **{"epoch.episode_epochs": 3})
    with pytest.raises(ScenarioError, match=message):
        hindsight_bounds(scenario, draw_workloads(scenario, 1, seed=0))


def test_batches_of_the_nodes_own_decoder_are_bounded_where_it_has_variants() -> None:
    scenario = load_scenario("quantization-choice", **{"epoch.episode_epochs": 3})
    workloads = draw_workloads(scenario, 1, seed=0)
    alone = load_scenario(scenario, **{"node.variants": []})
    hasty = LagrangianHindsight(iterations=5, restarts=1, moves_per_offer=1, block_nodes=0)
    bounded = one_model_bounds(scenario, workloads, hasty)
    assert bounded.upper_bound.tolist() == hindsight_bounds(alone, workloads, hasty).upper_bound.tolist()
