"""How long branch and price takes on several nodes, beside HiGHS, and what GAH reaches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.gah import GAH
from edge_llm_baselines.assignment.milp import AssignmentMilp
from edge_llm_baselines.assignment.problem import Assignment
from experiments.proofs.networks import VALUES, Network


def timed(solve: Callable[[], Assignment]) -> tuple[float, Assignment]:
    """Processor time of a solve (s), and what it found."""
    begun_s = time.process_time()
    found = solve()
    return time.process_time() - begun_s, found


def beside_highs(nodes: int, requests: int, count: int, seed: int, time_limit_s: float) -> Iterator[dict[str, Any]]:
    """Processor times of both on the same networks, an entry for each kind of values; an instance before is not timed.

    HiGHS, where the limit stops it, counts with the time that it had.
    """
    network = Network()
    BranchAndPrice().solve(network.problem(np.random.default_rng(seed), nodes, requests, "counts"))
    for kind in VALUES:
        rng = np.random.default_rng([seed, nodes, requests, VALUES.index(kind)])
        ours, theirs, proven, differ, ratios = [], [], [0, 0], 0, []
        for _ in range(count):
            problem = network.problem(rng, nodes, requests, kind)
            taken_s, found = timed(lambda: BranchAndPrice(time_limit_s=time_limit_s).solve(problem))  # noqa: B023
            highs_s, highs = timed(lambda: AssignmentMilp(time_limit_s=time_limit_s).solve(problem))  # noqa: B023
            ours.append(taken_s)
            theirs.append(highs_s)
            proven[0] += found.optimal
            proven[1] += highs.optimal
            differ += found.optimal and highs.optimal and abs(found.value - highs.value) > 1e-6
            ratios.append(GAH().solve(problem).value / found.value)
        speedups = np.array(theirs) / np.array(ours)
        yield {
            "nodes": nodes,
            "requests": requests,
            "values": kind,
            "instances": count,
            "branch_and_price_s": {"mean": float(np.mean(ours)), "median": float(np.median(ours)), "most": max(ours)},
            "highs_s": {"mean": float(np.mean(theirs)), "median": float(np.median(theirs)), "most": max(theirs)},
            "speedup": {
                "of_means": float(np.sum(theirs) / np.sum(ours)),
                "median": float(np.median(speedups)),
                "geometric_mean": float(np.exp(np.log(speedups).mean())),
            },
            "proven": proven[0],
            "highs_proven": proven[1],
            "different": differ,
            "gah": {"mean": float(np.mean(ratios)), "least": min(ratios)},
        }


def growth(sizes: tuple[tuple[int, int], ...], count: int, seed: int, time_limit_s: float) -> Iterator[dict[str, Any]]:
    """Time and gap of branch and price and of GAH as nodes and requests grow, an entry for each size and values."""
    network = Network()
    for nodes, requests in sizes:
        for kind in VALUES[:2]:
            rng = np.random.default_rng([seed, nodes, requests, VALUES.index(kind)])
            times, gah_times, gaps, ratios, proven, searched = [], [], [], [], 0, []
            for _ in range(count):
                problem = network.problem(rng, nodes, requests, kind)
                taken_s, found = timed(lambda: BranchAndPrice(time_limit_s=time_limit_s).solve(problem))  # noqa: B023
                gah_s, gah = timed(lambda: GAH().solve(problem))  # noqa: B023
                times.append(taken_s)
                gah_times.append(gah_s)
                gaps.append(found.upper_bound / found.value - 1.0)
                ratios.append(gah.value / found.upper_bound)
                searched.append(found.searched)
                proven += found.optimal
            yield {
                "nodes": nodes,
                "requests": requests,
                "values": kind,
                "instances": count,
                "time_limit_s": time_limit_s,
                "median_s": float(np.median(times)),
                "most_s": max(times),
                "proven": proven,
                "mean_gap": float(np.mean(gaps)),
                "largest_gap": max(gaps),
                "median_searched": float(np.median(searched)),
                "gah_median_s": float(np.median(gah_times)),
                "gah_of_bound": float(np.mean(ratios)),
            }
