"""Drawing a workload as a scenario describes it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.users import distance_in_disc
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.workload_settings import Range
from edge_llm_env.workload.channel import draw_channel
from edge_llm_env.workload.workload import Workload


def draw_workload(scenario: Scenario, rng: np.random.Generator) -> Workload:
    """One episode's workload; equal generators give equal workloads."""
    asked, radio = scenario.workload, scenario.radio
    arrived = asked.arrivals.draw(rng, scenario.horizon_s)
    requests = len(arrived.arrival_s)
    prompt, output, latency, accuracy, distance = rng.random((5, requests))
    distance_m = distance_in_disc(distance, radio.min_distance_m, radio.cell_radius_m)
    uplink_gain, downlink_gain = draw_channel(radio, distance_m, scenario.fading_blocks, scenario.epoch.epoch_s, rng)
    return Workload(
        arrival_s=arrived.arrival_s,
        prompt_tokens=lengths(asked.prompt_tokens, prompt, arrived.prompt_tokens),
        output_tokens=lengths(asked.output_tokens, output, arrived.output_tokens),
        latency_requirement_s=uniform(latency, asked.latency_requirement_s),
        accuracy_requirement=uniform(accuracy, asked.accuracy_requirement),
        distance_m=distance_m,
        uplink_gain=uplink_gain,
        downlink_gain=downlink_gain,
    )


def lengths(
    asked: tuple[int, ...] | Literal["trace"], quantile: NDArray[np.float64], replayed: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Token counts drawn from a list, or as replayed from a trace."""
    if isinstance(asked, tuple):
        return one_of_values(quantile, asked)
    assert replayed is not None  # `WorkloadSettings` sees to it
    return replayed


def one_of_values(quantile: NDArray[np.float64], values: tuple[int, ...]) -> NDArray[np.int64]:
    """The values at quantiles in 0..1 of the distribution that draws each with equal probability."""
    return np.array(values, dtype=np.int64).take((quantile * len(values)).astype(np.int64))


def uniform(quantile: NDArray[np.float64], bounds: Range) -> NDArray[np.float64]:
    """The values at quantiles in 0..1 of the uniform distribution on a range."""
    return bounds.low + quantile * (bounds.high - bounds.low)
