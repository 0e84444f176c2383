"""The channels of users at the edges of cells to a neighbouring base station."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.channel import draw_channel
from edge_llm_env.workload.workload import Workload

FloatArray = NDArray[np.float64]


def with_neighbours(
    cells: Sequence[Scenario],
    sites_m: FloatArray,
    generators: Sequence[np.random.Generator],
    requests: Sequence[Sequence[int]],
    workloads: Sequence[Workload],
) -> list[Workload]:
    """The workloads of cells, in which whom another base station hears has a channel to it as well.

    `sites_m`, (N, 2), is where stations stand (m); `requests` has for each cell the number of each episode's, whose
    arrays follow one another in its workload. Every user stands in a random direction from the station of their cell.
    """
    return [
        _heard_elsewhere(cells, sites_m, at, Draws(generators, requests[at]), workload)
        for at, workload in enumerate(workloads)
    ]


def _heard_elsewhere(
    cells: Sequence[Scenario], sites_m: FloatArray, at: int, draws: Draws, workload: Workload
) -> Workload:
    """The workload of one cell, likewise."""
    radius_m = np.array([cell.radio.cell_radius_m for cell in cells])
    neighbour, away_m = neighbours_of(sites_m, radius_m, at, workload.distance_m, draws.random())
    uplink = np.zeros_like(workload.uplink_gain)
    downlink = uplink if all(cell.radio.reciprocal_fading for cell in cells) else np.zeros_like(uplink)
    for other, cell in enumerate(cells):
        heard = (neighbour == other) & (other != at)
        if heard.any():
            distance_m = np.maximum(away_m[heard], cell.radio.nearest_m)
            blocks, epoch_s = uplink.shape[1], cell.epoch.epoch_s
            uplink[heard], downlink[heard] = draw_channel(cell.radio, distance_m, blocks, epoch_s, draws.of_some(heard))
    return replace(workload, neighbour=neighbour, neighbour_uplink_gain=uplink, neighbour_downlink_gain=downlink)


def neighbours_of(
    sites_m: FloatArray, radius_m: FloatArray, at: int, distance_m: FloatArray, quantile: FloatArray
) -> tuple[NDArray[np.int64], FloatArray]:
    """Of users at distances (m) from station `at`: who else hears them, and how far that is (m); (users,) each.

    That is the nearest other station within its own cell's radius of them, or `at`, infinitely far, where there is
    none. A user's direction is at a quantile in 0..1 of the circle.
    """
    angle = 2.0 * np.pi * quantile
    east_m = (sites_m[at, 0] + distance_m * np.cos(angle))[:, None] - sites_m[:, 0]
    north_m = (sites_m[at, 1] + distance_m * np.sin(angle))[:, None] - sites_m[:, 1]
    away_m = np.hypot(east_m, north_m)
    away_m[away_m > radius_m] = np.inf
    away_m[:, at] = np.inf
    nearest = away_m.argmin(axis=1)
    nearest_m = away_m[np.arange(len(nearest)), nearest]
    return np.where(np.isfinite(nearest_m), nearest, at), nearest_m
