"""What an epoch of a large network takes: measured as far as that goes, and on paper beyond."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.gah import GAH
from edge_llm_env.support.tables import NO_VALUE, Table
from experiments.proofs.networks import Network
from experiments.speed.assignments import timed

Size = tuple[int, int]
"""Nodes and requests."""


def at_scale(sizes: Sequence[Size], most_pairs: int, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Processor times of GAH, and of branch and price up to so many pairs of a node and a request, of each size.

    Requests count alike. Times are medians of `count` networks; an instance before is not timed.
    """
    network = Network()
    BranchAndPrice().solve(network.problem(np.random.default_rng(seed), *sizes[0], "counts"))
    for nodes, requests in sizes:
        rng = np.random.default_rng([seed, nodes, requests])
        gah_s, exact_s, ratios, gaps = [], [], [], []
        for _ in range(count):
            problem = network.problem(rng, nodes, requests, "counts")
            taken_s, gah = timed(lambda: GAH().solve(problem))  # noqa: B023
            gah_s.append(taken_s)
            if nodes * requests <= most_pairs:
                taken_s, exact = timed(lambda: BranchAndPrice().solve(problem))  # noqa: B023
                exact_s.append(taken_s)
                ratios.append(gah.value / exact.upper_bound)
                gaps.append(exact.upper_bound / exact.value - 1.0)
        entry: dict[str, Any] = {"nodes": nodes, "requests": requests, "gah_s": float(np.median(gah_s))}
        if exact_s:
            entry["branch_and_price_s"] = float(np.median(exact_s))
            entry["gah_of_bound"], entry["gap"] = float(np.mean(ratios)), float(np.mean(gaps))
        yield entry


def scale_table(record: Mapping[str, Any]) -> Table:
    """Times as recorded; where branch and price was not measured, what it begins with on paper.

    It solves by GAH once for every node, that being the first, before it searches.
    """
    rows = []
    for entry in record["sizes"]:
        measured = "branch_and_price_s" in entry
        exact_s = entry["branch_and_price_s"] if measured else entry["nodes"] * entry["gah_s"]
        rows.append(
            (
                str(entry["nodes"]),
                f"{entry['requests']:,}",
                f"{entry['gah_s']:.3g} s",
                f"{exact_s:.3g} s" if measured else f"≥ {exact_s:.2g} s",
                f"{100 * entry['gah_of_bound']:.1f} %" if measured else NO_VALUE,
                f"{100 / (1 + entry['gap']):.1f} %" if measured else NO_VALUE,
            )
        )
    return Table(
        ("nodes", "requests", "GAH", "branch and price", "GAH, of the bound", "branch and price, of the bound"), rows
    )
