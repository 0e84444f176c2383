"""Windows of an episode solved as programmes: valid at any prices, exact where one window is the whole episode."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.certificates.certificate import certified_bounds
from edge_llm_baselines.certificates.clairvoyant.penalised import PenalisedEpisode
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.certificates.clairvoyant.windows import NO_WINDOWS, WindowEffort, windowed_bound
from edge_llm_baselines.certificates.penalties.penalty import NoPenalty
from edge_llm_baselines.hindsight.block_bound import Effort
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.exact_hindsight import ExactHindsight
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.edge_llm_baselines.hindsight.schedules import scenario_of, workload_of


def episode_of(seed: int, scale: float) -> PenalisedEpisode:
    scenario = scenario_of("carry-over", epochs=5, rate_per_s=3.0)
    workload = workload_of(scenario, seed)
    waiting = Waiting.of_workload(scenario, workload)
    differences = scale * np.random.default_rng(seed).standard_normal(len(waiting.epoch))
    differences[waiting.arrives] = 0.0
    return PenalisedEpisode.of(EpisodeProblem.of_workload(scenario, workload), waiting, differences)


@pytest.mark.parametrize("seed", range(6))
def test_at_any_prices_no_schedule_is_worth_more(seed: int) -> None:
    problem = episode_of(seed, 0.0)
    best = ExactHindsight().solve(problem.episode).value
    rng = np.random.default_rng(seed)
    whole = windowed_bound(problem, np.zeros(problem.episode.requests), WindowEffort((5,), 100_000))
    assert best <= whole <= best + 1e-3
    for epochs in (1, 2, 3):
        for nodes in (1, 1000):
            assert windowed_bound(problem, rng.random(problem.episode.requests), WindowEffort((epochs,), nodes)) >= best


@pytest.mark.parametrize("seed", range(6))
def test_what_is_paid_for_waiting_counts(seed: int) -> None:
    problem = episode_of(seed, 0.3)
    nothing = np.zeros(problem.episode.requests)
    whole = windowed_bound(problem, nothing, WindowEffort((5,), 100_000))
    rng = np.random.default_rng(seed)
    schedules = [
        np.where(rng.random(problem.episode.requests) < 0.7, hindsight.schedule, -1)
        for hindsight in [ExactHindsight().solve(problem.episode)]
        for _ in range(50)
    ]
    assert max(problem.value(schedule) for schedule in schedules) <= whole + 1e-6
    assert whole <= windowed_bound(problem, nothing, WindowEffort((2,), 100_000)) + 1e-3


def test_windows_lower_what_prices_alone_come_to() -> None:
    scenario = load_scenario("carry-over", **{"epoch.episode_epochs": 20})
    workloads = draw_workloads(scenario, 3)
    nothing = Effort(0)
    by_prices = certified_bounds(scenario, workloads, NoPenalty(), 100, nothing, NO_WINDOWS).bounds
    by_windows = certified_bounds(scenario, workloads, NoPenalty(), 100, nothing, WindowEffort((10,), 200)).bounds
    assert (by_windows <= by_prices).all()
    assert by_windows.sum() < by_prices.sum() - 0.5


def test_there_are_none_where_lengths_are_padded_or_nothing_is_asked_for() -> None:
    problem = episode_of(0, 0.0)
    prices = np.zeros(problem.episode.requests)
    assert windowed_bound(problem, prices, NO_WINDOWS) == np.inf
    scenario = load_scenario("orin-llama-8b", **{"epoch.episode_epochs": 3})
    workload = draw_workloads(scenario, 1)[0]
    waiting = Waiting.of_workload(scenario, workload)
    padded = PenalisedEpisode.of(EpisodeProblem.of_workload(scenario, workload), waiting, np.zeros(len(waiting.epoch)))
    assert windowed_bound(padded, np.zeros(workload.requests), WindowEffort((3,), 100)) == np.inf
