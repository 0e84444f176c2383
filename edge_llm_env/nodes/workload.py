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


def at_server(scenario: Scenario, server: int, workload: Workload) -> Workload:
    """The requests as a server meets them: those that it is far from have less time.

    That is what the backhaul takes there and back, and in the cloud what its work takes.
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
        away_s = np.where(cell == server, 0.0, 2.0 * network.backhaul_s + way_s)
    elif (cloud := network.cloud) is not None:
        work_s = cloud.time_to_first_token_s + (workload.output_tokens - 1) * cloud.time_per_output_token_s
        away_s = 2.0 * cloud.backhaul_s + way_s + work_s
    return replace(workload, latency_requirement_s=workload.latency_requirement_s - away_s)
