"""What a clairvoyant could serve where uploads carry over: a bound on any policy, and a schedule."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.bandwidth import EqualValues, MinimumShares
from edge_llm_baselines.allocation.policy import Allocation
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_baselines.uploads.played import NEVER, played, schedules_of
from edge_llm_baselines.uploads.predictive import PredictiveUploads, tune_uploads
from edge_llm_baselines.uploads.programme import Programme, programme_of
from edge_llm_baselines.uploads.rounding import WHOLE, dive, relaxed
from edge_llm_baselines.uploads.stopping import OptimalStopping, tune_price
from edge_llm_baselines.uploads.table import UPLOAD_RULES
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

WINDOW_EPOCHS, STRIDE_EPOCHS = 8, 4
"""Epochs whose completions a step of the search frees, and how far the next step is."""


class UploadHindsight(NamedTuple):
    """What is known of the best schedule of an episode."""

    schedule: NDArray[np.int64]
    """(requests,) the best schedule found: the epoch that serves each request, or NEVER."""
    value: int
    """Requests that it serves, where it is played and every request can be seen."""
    upper_bound: int
    """No policy serves more: the linear relaxation over the episode."""


def upload_hindsight(
    scenario: Scenario, workload: Workload, rules: Sequence[NDArray[np.int64]] = ()
) -> UploadHindsight:
    """The bound, and the best schedule found, in a search that begins at the best of those that rules have played.

    First the relaxation is rounded (`edge_llm_baselines.uploads.rounding.dive`). Then, from the best on, the
    completions in a few neighbouring epochs are freed, with all others as they are, and rounded anew, as long as that
    serves more. A schedule counts as what it serves when it is played.
    """
    episode = UploadEpisode.of_workload(scenario, workload)
    schedule = max(rules, key=_value, default=np.full(workload.requests, NEVER))
    if not len(episode.request):
        return UploadHindsight(schedule, _value(schedule), 0)
    programme = programme_of(episode)
    none = np.zeros(len(programme.most))
    bound = math.floor(WHOLE - relaxed(programme, programme.limit, none, programme.most).fun)

    def better(low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        nonlocal schedule
        x = dive(programme, low, high, _value(schedule))
        if x is not None:
            found = played(scenario, workload, episode, x[: len(episode.request)], _schedule_in(episode, x))
            schedule = max(schedule, found, key=_value)

    better(none, programme.most)
    for begins in range(0, episode.epochs, STRIDE_EPOCHS):
        if _value(schedule) >= bound:
            break
        better(*_around(episode, programme, schedule, begins))
    return UploadHindsight(schedule, _value(schedule), max(bound, _value(schedule)))


def upload_bounds(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """What could be served on each workload, at least what the best rule does. Raises ValueError for no workload."""
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    started_s = time.perf_counter()
    of_rules = [schedules_of(rule, scenario, workloads) for rule in rules_of(scenario)]
    found = [
        upload_hindsight(scenario, workload, [schedules[at] for schedules in of_rules])
        for at, workload in enumerate(workloads)
    ]
    return HindsightBounds(
        np.array([one.value for one in found]),
        np.array([one.upper_bound for one in found]),
        (time.perf_counter() - started_s) / len(workloads),
    )


def rules_of(scenario: Scenario) -> list[Allocation]:
    """Every rule that plays a scenario whose uploads carry over, tuned with seed 0."""
    simple = [make() for _, make in UPLOAD_RULES.values()]
    return [MinimumShares(), EqualValues(), *simple, *_tuned_rules(scenario)]


@once_a_scenario
def _tuned_rules(scenario: Scenario) -> list[Allocation]:
    found: list[Allocation] = [PredictiveUploads(*tune_uploads(scenario))]
    if scenario.radio.road is not None:
        found.append(OptimalStopping(tune_price(scenario), scenario))
    return found


def _value(schedule: NDArray[np.int64]) -> int:
    return int((schedule != NEVER).sum())


def _schedule_in(episode: UploadEpisode, x: NDArray[np.float64]) -> NDArray[np.int64]:
    """The schedule of a solution of whole completions."""
    computed = x[len(episode.request) :] > 0.5
    schedule = np.full(episode.requests, NEVER)
    schedule[episode.request[computed]] = episode.epoch[computed]
    return schedule


def _around(
    episode: UploadEpisode, programme: Programme, schedule: NDArray[np.int64], begins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of the variables that keep a schedule outside of a window of epochs."""
    low, high, size = np.zeros(len(programme.most)), programme.most.copy(), len(episode.request)
    inside = (episode.epoch >= begins) & (episode.epoch < begins + WINDOW_EPOCHS)
    when = schedule[episode.request]
    kept = (when != NEVER) & ((when < begins) | (when >= begins + WINDOW_EPOCHS))
    computed = kept & (when == episode.epoch)
    low[size:][computed] = 1.0
    high[size:][~computed & (kept | ~inside)] = 0.0
    return low, high
