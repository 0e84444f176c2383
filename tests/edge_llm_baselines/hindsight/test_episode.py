"""`EpisodeProblem`: who could be served when, against the reference simulator."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines import BatchProblem
from edge_llm_baselines.hindsight.episode import NEVER, EpisodeProblem
from edge_llm_env import load_scenario
from tests.edge_llm_baselines.hindsight.schedules import MODES, scenario_of, workload_of
from tests.references.plain_episode import PlainEpisode
from tests.support.helpers import workload_at


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(3))
def test_offers_are_the_requests_that_can_be_served_alone(mode: str, seed: int) -> None:
    scenario = scenario_of(mode, epochs=6)
    workload = workload_of(scenario, seed)
    episode, plain = EpisodeProblem.of_workload(scenario, workload), PlainEpisode(scenario, workload)
    offered = set(zip(episode.offers.request.tolist(), episode.offers.epoch.tolist(), strict=True))
    epochs, requests = range(scenario.epoch.episode_epochs), range(workload.requests)
    assert offered == {(i, epoch) for epoch in epochs for i in requests if plain.can_serve(epoch, [i])}
    assert episode.chances().tolist() == [sum((i, epoch) in offered for epoch in epochs) for i in requests]


@pytest.mark.parametrize("mode", MODES)
def test_schedules_are_feasible_as_the_reference_says(mode: str) -> None:
    scenario = scenario_of(mode, epochs=3, rate_per_s=2.0)
    rng, verdicts = np.random.default_rng(0), []
    for seed in range(8):
        workload = workload_of(scenario, seed)
        episode, plain = EpisodeProblem.of_workload(scenario, workload), PlainEpisode(scenario, workload)
        for _ in range(10):
            schedule = np.full(workload.requests, NEVER)
            for i in np.unique(episode.offers.request):
                epochs = episode.offers.epoch[episode.offers.request == i]
                schedule[i] = rng.choice([NEVER, *epochs])
            verdicts.append(episode.is_feasible(schedule))
            assert verdicts[-1] == plain.is_feasible(schedule)
            assert episode.value(schedule) == (schedule != NEVER).sum()
    assert any(verdicts)


def test_a_schedule_that_serves_before_arrival_is_not_feasible() -> None:
    episode = EpisodeProblem.of_workload(scenario_of("carry-over", epochs=3), workload_at([3.0]))
    assert [episode.is_feasible(np.array([epoch])) for epoch in (NEVER, 0, 1, 2)] == [True, False, True, True]


def test_the_epoch_problem_holds_the_offers_of_the_epoch() -> None:
    scenario = scenario_of("carry-over", epochs=2)
    episode = EpisodeProblem.of_workload(scenario, workload_at([0.5, 2.5], latency_requirement_s=6.0))
    assert episode.epochs == 2
    assert episode.offers.request.tolist() == [0, 0, 1]
    assert episode.offers.first.tolist() == [0, 1, 3]
    second = episode.problem(1)
    assert isinstance(second, BatchProblem)
    assert second.candidates.slack_s == pytest.approx([0.5 + 6 - 4 - 0.5, 2.5 + 6 - 4 - 0.5])
    assert second.values.tolist() == [1.0, 1.0]


def test_a_workload_without_requests() -> None:
    episode = EpisodeProblem.of_workload(scenario_of("carry-over", epochs=2), workload_at([]))
    assert episode.epochs == 2
    assert len(episode.offers.request) == len(episode.chances()) == 0
    assert episode.is_feasible(np.zeros(0, dtype=np.int64))


def test_requests_beyond_a_policys_slots_can_be_served_in_hindsight() -> None:
    scenario = load_scenario(scenario_of("carry-over", epochs=1), **{"epoch.visible_slots": 1})
    assert len(EpisodeProblem.of_workload(scenario, workload_at([0.1, 0.2, 0.3])).offers.request) == 3


def test_more_pending_requests_than_slots_can_be() -> None:
    with pytest.raises(ValueError, match="workload: 4100 requests pend at once, must be at most 4096"):
        EpisodeProblem.of_workload(scenario_of("carry-over", epochs=1), workload_at(np.full(4100, 0.5)))
