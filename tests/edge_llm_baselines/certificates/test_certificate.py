"""Certified bounds of scenarios: hindsight's without a penalty, mean-zero penalties, what they are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.certificates.certificate import certified_bounds
from edge_llm_baselines.certificates.clairvoyant.dual import relaxed_value
from edge_llm_baselines.certificates.clairvoyant.penalised import PenalisedEpisode
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.certificates.clairvoyant.windows import NO_WINDOWS
from edge_llm_baselines.certificates.fitting import fit_penalty
from edge_llm_baselines.certificates.penalties.arrivals import ArrivalSignals
from edge_llm_baselines.certificates.penalties.channels import ChannelSignals
from edge_llm_baselines.certificates.penalties.penalty import NoPenalty, WeightedPenalty
from edge_llm_baselines.certificates.played import played_schedules
from edge_llm_baselines.hindsight import lagrangian
from edge_llm_baselines.hindsight.block_bound import Effort
from edge_llm_baselines.hindsight.episode import NEVER, EpisodeProblem
from edge_llm_baselines.hindsight.forward_schedule import forward_schedule
from edge_llm_baselines.rules.tuning import LookAheadRows, served_with
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import ScenarioError
from edge_llm_env.workload.streams import Stream, draw_workloads
from tests.edge_llm_baselines.hindsight.schedules import MODES, scenario_of, workload_of

SHORT = {"epoch.episode_epochs": 12}


def look_ahead(env: Any) -> LookAheadRows:
    return LookAheadRows(0.9, env.unwrapped.simulation)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_penalty_the_bound_is_that_of_hindsight(mode: str) -> None:
    scenario = scenario_of(mode, epochs=6)
    workload = workload_of(scenario, 2)
    episode = EpisodeProblem.of_workload(scenario, workload)
    waiting = Waiting.of_workload(scenario, workload)
    problem = PenalisedEpisode.of(episode, waiting, NoPenalty().differences(workload, waiting))
    assert problem.constant == 0.0
    assert (problem.values == 1.0).all()
    prices = np.round(np.random.default_rng(0).random(episode.requests) * lagrangian.GRID) / lagrangian.GRID
    times, chosen = np.zeros(episode.requests, dtype=np.int64), np.zeros(len(problem.values), dtype=np.bool_)
    bound = relaxed_value(episode.rule, episode.offers, problem.values, prices, lagrangian.MOST_NODES, chosen)
    assert bound == lagrangian.relaxed_value(episode.rule, episode.offers, prices, lagrangian.MOST_NODES, times)
    np.testing.assert_array_equal(np.bincount(episode.offers.request[chosen], minlength=episode.requests), times)


def test_without_a_penalty_the_descent_ends_no_higher_than_that_of_hindsight() -> None:
    scenario = scenario_of("carry-over", epochs=12)
    workloads = [workload_of(scenario, seed) for seed in range(3)]
    bounds = certified_bounds(scenario, workloads, NoPenalty(), blocks=Effort(0), windows=NO_WINDOWS).bounds
    for workload, bound in zip(workloads, bounds, strict=True):
        episode = EpisodeProblem.of_workload(scenario, workload)
        value = episode.value(forward_schedule(episode))
        assert value <= bound <= lagrangian.descend(episode, value, 150).relaxed + 0.1


@pytest.mark.parametrize("mode", ["carry-over", "narrow band"])
def test_who_waits_is_who_is_offered_and_those_without_a_channel(mode: str) -> None:
    scenario = scenario_of(mode, epochs=8)
    workload = workload_of(scenario, 1)
    waiting, episode = Waiting.of_workload(scenario, workload), EpisodeProblem.of_workload(scenario, workload)
    at = waiting.at_offers(episode)
    np.testing.assert_array_equal(waiting.request[at], episode.offers.request)
    np.testing.assert_array_equal(waiting.epoch[at], episode.offers.epoch)
    np.testing.assert_array_equal(waiting.slack_s[at], episode.offers.candidates.slack_s)
    assert (len(waiting.epoch) > len(at)) == (mode == "narrow band")
    for request in np.unique(waiting.request):
        epochs = waiting.epoch[waiting.request == request]
        np.testing.assert_array_equal(np.diff(epochs), 1)
        np.testing.assert_array_equal(waiting.arrives[waiting.request == request], epochs == epochs[0])
    numbers = np.random.default_rng(0).standard_normal(len(waiting.epoch))
    rest = waiting.still_to_come(numbers)
    for k in (0, len(rest) // 2, len(rest) - 1):
        later = (waiting.request == waiting.request[k]) & (waiting.epoch > waiting.epoch[k])
        assert rest[k] == pytest.approx(numbers[later].sum(), abs=1e-9)


def test_the_penalty_of_a_policy_is_nothing_on_average_and_that_of_the_clairvoyant_is_not() -> None:
    scenario = load_scenario("carry-over", **SHORT)
    signals = ArrivalSignals.of(scenario, 300, 0)
    workloads = draw_workloads(scenario, 200, 5)
    penalty = WeightedPenalty([signals], 0.1 * np.random.default_rng(1).standard_normal(signals.size))
    found = certified_bounds(scenario, workloads, penalty, 1, Effort(0), NO_WINDOWS)
    schedules = played_schedules(look_ahead, BATCH_SELECTION, scenario, workloads)
    served = np.array([(schedule != NEVER).sum() for schedule in schedules])
    np.testing.assert_array_equal(served, served_with(0.9, scenario, workloads))
    charged = served - np.array([one.value(plan) for one, plan in zip(found.penalised, schedules, strict=True)])
    error = charged.std(ddof=1) / np.sqrt(len(charged))
    assert abs(charged.mean()) < 4 * error
    assert charged.std() > 0.5
    assert (served - charged <= found.bounds + 1e-9).all()


def test_a_fitted_penalty_takes_back_some_of_what_the_clairvoyant_knows() -> None:
    scenario = load_scenario("carry-over", **{"epoch.episode_epochs": 25})
    signals = ArrivalSignals.of(scenario, 200, 0)
    penalty = fit_penalty(scenario, [signals], look_ahead, episodes=16, steps=60)
    workloads = draw_workloads(scenario, 20, 0)
    without = certified_bounds(scenario, workloads, NoPenalty(), 80, Effort(0), NO_WINDOWS).bounds
    bounds = certified_bounds(scenario, workloads, penalty, 80, Effort(0), NO_WINDOWS).bounds
    joined = certified_bounds(scenario, workloads[:4], penalty, 80, Effort(20_000), NO_WINDOWS).bounds
    served = served_with(0.9, scenario, workloads)
    assert served.mean() < bounds.mean() < 0.999 * without.mean()
    assert (joined < bounds[:4]).all()
    first, again = (fit_penalty(scenario, [signals], look_ahead, episodes=3, steps=2).weights for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_channels_are_paid_for_by_the_clairvoyant_and_by_no_policy_on_average() -> None:
    scenario = load_scenario("embedding-uplink", **{"epoch.episode_epochs": 10})
    channels = ChannelSignals.of(scenario)
    penalty = fit_penalty(scenario, [channels], look_ahead, episodes=12, steps=120)
    workloads = draw_workloads(scenario, 40, 0)
    without = certified_bounds(scenario, workloads, NoPenalty(), 80, Effort(0), NO_WINDOWS)
    found = certified_bounds(scenario, workloads, penalty, 80, Effort(0), NO_WINDOWS)
    plans = played_schedules(look_ahead, BATCH_SELECTION, scenario, workloads)
    charged, kept = (
        np.array([one.value(plan) for one, plan in zip(certified.penalised, plans, strict=True)])
        for certified in (without, found)
    )
    charged -= kept
    assert abs(charged.mean()) < 4 * charged.std(ddof=1) / np.sqrt(len(charged))
    assert charged.std() > 0.3
    assert (found.bounds >= kept - 1e-9).all()
    # The clairvoyant knew who would have a better channel, and pays for it.
    lower = without.bounds - (found.bounds + charged)
    assert lower.mean() > 4 * lower.std(ddof=1) / np.sqrt(len(lower))


def test_a_fit_follows_what_it_gains_on_a_policy_and_not_what_happened_to_arrive() -> None:
    scenario = load_scenario("orin-llama-8b", **{"epoch.episode_epochs": 20})
    signals = ArrivalSignals.of(scenario, 400, 0)
    workloads = draw_workloads(scenario, 4, 0, Stream.TUNING)  # those that it is fitted on
    plans = played_schedules(look_ahead, BATCH_SELECTION, scenario, workloads)
    none = WeightedPenalty([signals], np.zeros(signals.size))
    missing = []
    for penalty in (none, fit_penalty(scenario, [signals], look_ahead, episodes=4, steps=60)):
        found = certified_bounds(scenario, workloads, penalty, 60, Effort(0), NO_WINDOWS)
        kept = [one.value(plan) for one, plan in zip(found.penalised, plans, strict=True)]
        missing.append(float((found.bounds - kept).mean()))
    without, fitted = missing
    assert 0.0 < fitted < without


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        ("bursty", "workload.arrivals.kind"),
        ("agents-chain", r"workload\.tasks"),
        ("two-cells", "network"),
    ],
)
def test_scenarios_whose_next_arrivals_are_foretold_are_refused(scenario: str, field: str) -> None:
    with pytest.raises(ScenarioError, match=rf"{field} = .*must be .*"):
        ArrivalSignals.of(load_scenario(scenario), 2, 0)


def test_who_never_comes_pays_nothing() -> None:
    scenario = load_scenario("embedding-uplink", **SHORT, **{"workload.arrivals.rate_per_s": 1e-9})
    sources = [ArrivalSignals.of(load_scenario("embedding-uplink", **SHORT), 4, 0), ChannelSignals.of(scenario)]
    penalty = WeightedPenalty(sources, np.ones(sum(source.size for source in sources)))
    quiet = draw_workloads(scenario, 1)
    assert quiet[0].requests == 0
    assert certified_bounds(scenario, quiet, penalty).bounds.tolist() == [0.0]


def test_scenarios_whose_gains_do_not_tell_fading_apart_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"radio\.path_loss\.kind = .*must be 'log_distance'"):
        ChannelSignals.of(load_scenario("nr-cell"))


def test_arguments_out_of_range_are_named() -> None:
    scenario = load_scenario("carry-over", **SHORT)
    workload = workload_of(scenario, 0)
    with pytest.raises(ValueError, match="workloads: must have at least one"):
        certified_bounds(scenario, [], NoPenalty())
    with pytest.raises(ValueError, match="iterations = 0"):
        certified_bounds(scenario, [workload], NoPenalty(), 0)
    with pytest.raises(ValueError, match="episodes = 1"):
        ArrivalSignals.of(scenario, 1, 0)
    episode, waiting = EpisodeProblem.of_workload(scenario, workload), Waiting.of_workload(scenario, workload)
    with pytest.raises(ValueError, match="must be 0 where a request arrives"):
        PenalisedEpisode.of(episode, waiting, np.ones(len(waiting.epoch)))
    with pytest.raises(ValueError, match="every entry finite"):
        PenalisedEpisode.of(episode, waiting, np.full(len(waiting.epoch), np.nan))
