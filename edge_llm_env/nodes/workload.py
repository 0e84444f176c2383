"""The requests of a network as each of its servers meets them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def cells_of(workload: Workload) -> NDArray[np.int64]:
    """The cell that each request is sent in, (C,); all in the first where a workload is of no network."""
    return np.zeros(workload.requests, dtype=np.int64) if workload.cell is None else workload.cell


def hears(server: int, workload: Workload) -> NDArray[np.bool_]:
    """Whose requests the station of a server receives by itself, (C,): the others' come over the backhaul.

    Those of its cell, and as a neighbour those that it hears at least as well as their own station does in their first
    fading block: who is handed over is decided once, by what is measured then.
    """
    own = cells_of(workload) == server
    if workload.neighbour is None or workload.neighbour_uplink_gain is None:
        return own
    stronger = workload.neighbour_uplink_gain[:, 0] >= workload.uplink_gain[:, 0]
    heard: NDArray[np.bool_] = own | ((workload.neighbour == server) & stronger)
    return heard


def at_server(scenario: Scenario, server: int, workload: Workload) -> Workload:
    """The requests as a server meets them: those that it does not hear itself (`hears`) have less time.

    That is what the backhaul takes there and back, and in the cloud what its work takes. Whom it hears as a neighbour
    has the channel to its station.
    """
    network = scenario.network
    if network is None:
        return workload
    cell = cells_of(workload)
    way_s = np.zeros(workload.requests)
    if network.backhaul_bits_per_s is not None:
        per_token = np.array(
            [(of.radio.uplink_bits_per_token, of.radio.downlink_bits_per_token) for of in scenario.cells]
        )
        tokens = np.stack((workload.prompt_tokens, workload.output_tokens), axis=1)
        way_s = (tokens * per_token[cell]).sum(axis=1) / network.backhaul_bits_per_s
    if server < len(network.cells):
        heard = hears(server, workload)
        away_s = np.where(heard, 0.0, 2.0 * network.backhaul_s + way_s)
        workload = _through_neighbours(workload, heard & (cell != server))
    elif (cloud := network.cloud) is not None:
        work_s = cloud.time_to_first_token_s + (workload.output_tokens - 1) * cloud.time_per_output_token_s
        away_s = 2.0 * cloud.backhaul_s + way_s + work_s
    return replace(workload, latency_requirement_s=workload.latency_requirement_s - away_s)


def _through_neighbours(workload: Workload, heard: NDArray[np.bool_]) -> Workload:
    """The workload with the channels to their neighbours of some requests, (C,)."""
    uplink, downlink = workload.neighbour_uplink_gain, workload.neighbour_downlink_gain
    if uplink is None or downlink is None or not heard.any():
        return workload
    at = heard[:, None]
    uplink_gain = np.where(at, uplink, workload.uplink_gain)
    alike = workload.directions_alike
    downlink_gain = uplink_gain if alike else np.where(at, downlink, workload.downlink_gain)
    return replace(workload, uplink_gain=uplink_gain, downlink_gain=downlink_gain)
