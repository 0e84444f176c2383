"""Where uploads carry over: the penalised programme, what policies pay for what they keep, and what a fit gains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.certificates.certificate import Certificates, certified_bounds
from edge_llm_baselines.certificates.clairvoyant.uploads import PenalisedUploads
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.certificates.fitting import fit_penalty
from edge_llm_baselines.certificates.penalties.arrivals import ArrivalSignals
from edge_llm_baselines.certificates.penalties.channels import ChannelSignals
from edge_llm_baselines.certificates.penalties.penalty import NoPenalty, Source, WeightedPenalty
from edge_llm_baselines.certificates.played import played_uploads
from edge_llm_baselines.certificates.unpenalised import clairvoyant_bounds
from edge_llm_baselines.hindsight.block_bound import rounded
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_baselines.uploads.predictive import PredictiveUploads
from edge_llm_baselines.uploads.programme import programme_of
from edge_llm_env import Scenario, load_scenario
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.workload.streams import draw_workloads

SOON = {"workload.latency_requirement_s": {"low": 4.0, "high": 8.0}}
"""Who waits four epochs at most: expectations with fewer gains known take less time."""

PRESETS = {"cell's edge": "embedding-uplink-carried", "road": "mobile-uplink"}


def short(name: str, epochs: int = 10, **more: Any) -> Scenario:
    return load_scenario(name, **{"epoch.episode_epochs": epochs} | more)


def predictive(env: Any) -> AllocationPolicy:
    return AllocationPolicy(PredictiveUploads(2.0, 0.3), env)


def paid_and_kept(
    found: Certificates, plans: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each workload what a policy pays, and what it serves less that."""
    kept = np.array([one.value(plan) for one, plan in zip(found.penalised, plans, strict=True)])
    return np.array([plan[len(plan) // 2 :].sum() for plan in plans]) - kept, kept


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_without_a_penalty_the_bound_is_that_of_hindsight(preset: str) -> None:
    scenario = short(preset)
    workloads = draw_workloads(scenario, 3)
    bounds = certified_bounds(scenario, workloads, NoPenalty()).bounds
    nobody = np.zeros(3, dtype=np.int64)
    np.testing.assert_array_equal([rounded(one) for one in bounds], clairvoyant_bounds(scenario, workloads, nobody))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_what_is_played_is_a_plan_of_the_programme_and_worth_what_it_serves_and_keeps(preset: str) -> None:
    scenario = short(preset)
    workloads = draw_workloads(scenario, 3)
    plans = played_uploads(predictive, BANDWIDTH, scenario, workloads)
    served = roll_out(predictive, BANDWIDTH, scenario, workloads).served
    for workload, plan, count in zip(workloads, plans, served, strict=True):
        episode, waiting = UploadEpisode.of_workload(scenario, workload), Waiting.of_workload(scenario, workload)
        programme, size = programme_of(episode), len(episode.request)
        assert (programme.rows @ plan <= programme.limit + 1e-9).all()
        assert ((plan >= 0.0) & (plan <= programme.most)).all()
        sends, completes = plan[:size], plan[size:]
        assert completes.sum() == count
        assert ((sends > 1e-6) & (completes == 0.0)).any(), "nobody sent without being computed"
        difference = np.where(waiting.arrives, 0.0, np.random.default_rng(0).standard_normal(size))
        paid = 0.0
        for request, epoch, number in zip(waiting.request, waiting.epoch, difference, strict=True):
            paid += number * (1.0 - sends[(episode.request == request) & (episode.epoch < epoch)].sum())
        penalised = PenalisedUploads.of(episode, waiting, difference)
        assert penalised.value(plan) == pytest.approx(count - paid, abs=1e-9)
        assert penalised.value(plan) <= penalised.bound() + 1e-9


@pytest.mark.parametrize("source", ["arrivals", "channels"])
def test_whoever_does_not_know_the_future_pays_nothing_on_average(source: str) -> None:
    scenario = short("embedding-uplink-carried", **SOON)
    signals: Source = ArrivalSignals.of(scenario, 1000, 0) if source == "arrivals" else ChannelSignals.of(scenario)
    penalty = WeightedPenalty([signals], 0.3 * np.random.default_rng(1).standard_normal(signals.size))
    workloads = draw_workloads(scenario, 120, 5)
    found = certified_bounds(scenario, workloads, penalty)
    charged, kept = paid_and_kept(found, played_uploads(predictive, BANDWIDTH, scenario, workloads))
    assert abs(charged.mean()) < 4 * charged.std(ddof=1) / np.sqrt(len(charged))
    assert charged.std() > 0.5
    assert (found.bounds >= kept - 1e-9).all()


def test_the_clairvoyant_knew_which_epochs_to_send_in_and_pays_for_it() -> None:
    scenario = short("embedding-uplink-carried", **SOON)
    penalty = fit_penalty(scenario, [ChannelSignals.of(scenario)], predictive, episodes=16, steps=50)
    workloads = draw_workloads(scenario, 40, 0)
    found = certified_bounds(scenario, workloads, penalty)
    charged, _ = paid_and_kept(found, played_uploads(predictive, BANDWIDTH, scenario, workloads))
    lower = certified_bounds(scenario, workloads, NoPenalty()).bounds - (found.bounds + charged)
    assert lower.mean() > 4 * lower.std(ddof=1) / np.sqrt(len(lower))


def test_equal_seeds_give_equal_weights() -> None:
    scenario = short("embedding-uplink-carried", 4)
    sources = [ChannelSignals.of(scenario)]
    first, again = (fit_penalty(scenario, sources, predictive, episodes=2, steps=3).weights for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.any()


def test_who_never_comes_sends_and_pays_nothing() -> None:
    scenario = short("embedding-uplink-carried", **{"workload.arrivals.rate_per_s": 1e-9})
    channels = ChannelSignals.of(scenario)
    quiet = draw_workloads(scenario, 1)
    assert quiet[0].requests == 0
    found = certified_bounds(scenario, quiet, WeightedPenalty([channels], np.ones(channels.size)))
    (plan,) = played_uploads(predictive, BANDWIDTH, scenario, quiet)
    assert found.bounds.tolist() == [0.0]
    assert found.penalised[0].value(plan) == 0.0


def test_what_is_charged_on_arrival_or_is_no_number_is_refused() -> None:
    scenario = short("embedding-uplink-carried", 4)
    workload = draw_workloads(scenario, 1)[0]
    episode, waiting = UploadEpisode.of_workload(scenario, workload), Waiting.of_workload(scenario, workload)
    with pytest.raises(ValueError, match="must be 0 where a request arrives"):
        PenalisedUploads.of(episode, waiting, np.ones(len(waiting.epoch)))
    with pytest.raises(ValueError, match="every entry finite"):
        PenalisedUploads.of(episode, waiting, np.full(len(waiting.epoch), np.inf))
