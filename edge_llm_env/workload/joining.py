"""The workloads of cells as one, in order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from edge_llm_env.workload.workload import OF_EPISODE, Workload


def joined_in_order(requests: Sequence[Sequence[int]], cells: Sequence[Workload]) -> tuple[list[int], Workload]:
    """The episodes of cells, each with the requests of all; of those that arrive at once, the first cell's first.

    `requests` has for each cell the number of each episode's, whose arrays follow one another in its workload. Returns
    as many numbers as there are episodes, and the arrays of all of them.
    """
    counts = np.array(requests)
    cell = np.concatenate([np.full(workload.requests, at) for at, workload in enumerate(cells)]).astype(np.int64)
    episode = np.concatenate([np.repeat(np.arange(counts.shape[1]), of_cell) for of_cell in counts])
    arrival_s = np.concatenate([workload.arrival_s for workload in cells])
    order = np.lexsort((arrival_s, episode))  # stable, so that of equals the first cell's come first
    blocks = max(workload.uplink_gain.shape[1] for workload in cells)
    joined = {}
    for field in fields(Workload):
        if field.name not in ("cell", *OF_EPISODE) and getattr(cells[0], field.name) is not None:
            arrays = [getattr(workload, field.name) for workload in cells]
            if field.name.endswith("_gain"):  # one block stands for all where channels do not fade anew
                arrays = [array[:, np.minimum(np.arange(blocks), array.shape[1] - 1)] for array in arrays]
            joined[field.name] = np.concatenate(arrays)[order]
    if all(workload.directions_alike for workload in cells):  # the same array, as rows then keep it once
        joined["downlink_gain"] = joined["uplink_gain"]
        if "neighbour" in joined:
            joined["neighbour_downlink_gain"] = joined["neighbour_uplink_gain"]
    return counts.sum(axis=0).tolist(), Workload(**joined, cell=cell[order])
