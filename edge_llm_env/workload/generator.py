"""Drawing workloads as a scenario describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.arrivals.process import Arrived
from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.users import distance_in_disc
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.workload_settings import Range
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.tasks.drawing import draw_calls
from edge_llm_env.tasks.settings import TaskSettings
from edge_llm_env.workload.beliefs import draw_beliefs
from edge_llm_env.workload.channel import draw_channel, draw_channel_along
from edge_llm_env.workload.joining import joined_in_order
from edge_llm_env.workload.neighbours import with_neighbours
from edge_llm_env.workload.workload import OF_EPISODE, Workload

REQUESTS_AT_ONCE = 4096
"""Whose numbers a core's cache holds while they are computed."""


class Drawn(NamedTuple):
    """The workloads of several episodes."""

    requests: list[int]
    """Of each episode."""
    joined: Workload
    """Their arrays, those of one episode behind those of the other."""


@checked
def draw_workload(scenario: Scenario, rng: np.random.Generator) -> Workload:
    """One episode's workload; equal generators give equal workloads."""
    return draw_together(scenario, [rng]).joined


def draw_together(scenario: Scenario, generators: Sequence[np.random.Generator]) -> Drawn:
    """The workloads that `draw_workload` gives of each generator, at less than the cost of one by one.

    Of a network: first who is in its crowds, then cell after cell, last who is heard by a neighbouring station.
    """
    network, horizon_s = scenario.network, scenario.horizon_s
    if network is None:
        return _draw_cell(scenario, generators, [scenario.workload.arrivals.draw(rng, horizon_s) for rng in generators])
    crowds = [[crowd.draw(rng, network.names, horizon_s) for crowd in network.crowds] for rng in generators]
    of_cells = []
    for at, cell in enumerate(scenario.cells):
        arrived = [
            with_crowds(cell.workload.arrivals.draw(rng, horizon_s), [times[where == at] for times, where in crowd])
            for rng, crowd in zip(generators, crowds, strict=True)
        ]
        of_cells.append(_draw_cell(cell, generators, arrived))
    requests, workloads = [drawn.requests for drawn in of_cells], [drawn.joined for drawn in of_cells]
    if network.sites_m is not None:
        workloads = with_neighbours(scenario.cells, np.array(network.sites_m), generators, requests, workloads)
    return Drawn(*joined_in_order(requests, workloads))


def with_crowds(arrived: Arrived, crowds: list[NDArray[np.float64]]) -> Arrived:
    """Requests of a cell and of the crowds that are in it, in order of arrival; as they are where there is no crowd."""
    if not crowds:
        return arrived
    return Arrived(np.sort(np.concatenate([arrived.arrival_s, *crowds])))


def _draw_cell(scenario: Scenario, generators: Sequence[np.random.Generator], arrived: list[Arrived]) -> Drawn:
    """The workloads of a cell alone, whose requests arrive then."""
    asked, radio = scenario.workload, scenario.radio
    classes = [
        asked.classes.draw(rng, episode.arrival_s, scenario.horizon_s)
        for rng, episode in zip(generators, arrived, strict=True)
        if asked.classes is not None
    ]
    requests = [len(episode.arrival_s) for episode in arrived]
    draws = Draws(generators, requests)
    prompt, output, latency, accuracy, distance = draws.random(before=(5,))
    blocks, epoch_s = scenario.fading_blocks, scenario.epoch.epoch_s
    if radio.road is None:
        distance_m = distance_in_disc(distance, radio.min_distance_m, radio.cell_radius_m)
        uplink_gain, downlink_gain = draw_channel(radio, distance_m, blocks, epoch_s, draws)
    else:
        distance_m, uplink_gain, downlink_gain = draw_channel_along(radio, radio.road, distance, blocks, epoch_s, draws)
    output_tokens = lengths(asked.output_tokens, output, [episode.output_tokens for episode in arrived])
    believed = draw_beliefs(scenario, uplink_gain, downlink_gain, output_tokens, draws)
    joined = Workload(
        arrival_s=np.concatenate([episode.arrival_s for episode in arrived]),
        prompt_tokens=lengths(asked.prompt_tokens, prompt, [episode.prompt_tokens for episode in arrived]),
        output_tokens=output_tokens,
        latency_requirement_s=uniform(latency, asked.latency_requirement_s),
        accuracy_requirement=uniform(accuracy, asked.accuracy_requirement),
        request_class=np.concatenate(classes) if classes else np.zeros(draws.users, dtype=np.int64),
        distance_m=distance_m,
        uplink_gain=uplink_gain,
        downlink_gain=downlink_gain,
        believed_uplink_gain=believed.uplink_gain,
        believed_downlink_gain=believed.downlink_gain,
        believed_output_tokens=believed.output_tokens,
        has_image=(draws.random() < asked.image_share).astype(np.int64) if scenario.mixes_images else None,
        feeder_counts=_joined_counts([episode.feeder_counts for episode in arrived]),
    )
    drawn = Drawn(requests, joined)
    return drawn if asked.tasks is None else _with_calls(asked.tasks, asked.output_tokens, drawn, generators)


def _with_calls(
    tasks: TaskSettings, output_tokens: Any, drawn: Drawn, generators: Sequence[np.random.Generator]
) -> Drawn:
    """The calls of the tasks that were drawn as requests: each has what its task has, but for its lengths."""
    requests, first, of_episodes = [], 0, []
    for rng, count in zip(generators, drawn.requests, strict=True):
        calls = draw_calls(tasks, rng, drawn.joined.prompt_tokens[first : first + count], output_tokens)
        of_episodes.append((first, calls))
        requests.append(len(calls.task))
        first += count
    at = np.concatenate([first + calls.task for first, calls in of_episodes])
    whole = drawn.joined
    arrays = {
        name: array[at]
        for name, array in whole.given().items()
        if name not in (*OF_EPISODE, "downlink_gain", "prompt_tokens", "output_tokens")
    }
    alike = whole.uplink_gain is whole.downlink_gain
    arrays["downlink_gain"] = arrays["uplink_gain"] if alike else whole.downlink_gain[at]
    for name in of_episodes[0][1]._fields:
        of_name = [getattr(calls, name) for _, calls in of_episodes]
        arrays[name] = None if of_name[0] is None else np.concatenate(of_name)
    return Drawn(requests, Workload(**arrays, feeder_counts=whole.feeder_counts))


def _joined_counts(counts: list[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    """Counts of episodes, all of as many periods, one episode behind the other."""
    given = [one for one in counts if one is not None]
    return np.concatenate(given) if given else None


def episodes_at_once(scenario: Scenario) -> int:
    """How many episodes are best drawn together."""
    return max(1, int(REQUESTS_AT_ONCE / (1.0 + scenario.expected_requests)))


def lengths(
    asked: tuple[int, ...] | Literal["trace"], quantile: NDArray[np.float64], replayed: list[NDArray[np.int64] | None]
) -> NDArray[np.int64]:
    """Token counts drawn from a list, or as episodes replay them from a trace."""
    if isinstance(asked, tuple):
        return one_of_values(quantile, asked)
    # `WorkloadSettings` sees to it that there are some.
    return np.concatenate([episode for episode in replayed if episode is not None])


def one_of_values(quantile: NDArray[np.float64], values: tuple[int, ...]) -> NDArray[np.int64]:
    """The values at quantiles in 0..1 of the distribution that draws each with equal probability."""
    return np.array(values, dtype=np.int64).take((quantile * len(values)).astype(np.int64))


def uniform(quantile: NDArray[np.float64], bounds: Range) -> NDArray[np.float64]:
    """The values at quantiles in 0..1 of the uniform distribution on a range."""
    return bounds.low + quantile * (bounds.high - bounds.low)
