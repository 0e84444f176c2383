"""How far apart allocations are on the same workloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from edge_llm_agents.records.intervals import paired_difference


def separation(served: Mapping[str, NDArray], reference: str) -> dict[str, Any]:
    """Mean served per workload of each allocation, and its paired difference to the reference with a 95 % t-interval.

    `served` holds per allocation what it serves on each of the same workloads, at least two.
    """
    report: dict[str, Any] = {}
    for name, counts in served.items():
        report[name] = {"episodes": len(counts), "served": float(counts.mean())}
        if name != reference:
            report[name]["difference"] = list(paired_difference(counts, served[reference]))
    return report
