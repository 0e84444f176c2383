"""Timing the exact solvers: `BranchAndBound` against HiGHS and CP-SAT, DFTSP against the unpruned tree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple, get_args

import numpy as np

from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.cp_sat import CpSatSolver
from edge_llm_baselines.solvers.milp import MilpSolver
from edge_llm_baselines.solvers.problem import BatchProblem, Solver
from edge_llm_env.scenarios import load_scenario
from experiments.speed.exact.instances import Lengths, Padding, Scarce, random_problem
from experiments.speed.exact.search_effort import search_effort, timed

PAPER_SCENARIOS = ("paper-bloom-3b", "paper-bloom-7b1", "paper-opt-13b")
PAPER_PRECISIONS = ("w8a16", "w4a16-gptq")
PAPER_RATES_PER_S = (10, 50, 100, 200)
PAPER_CLAIM = 0.45
"""Reduction of nodes that the paper reports for DFTSP."""


class Family(NamedTuple):
    """Instances that one ratio is reported for."""

    scarce: Scarce
    lengths: Lengths
    padding: Padding
    pending: tuple[int, ...]
    ratio_to_reach: float = 1.0
    weighted: bool = False


def families(largest: int) -> dict[str, Family]:
    """The families of the benchmark, with at most `largest` pending requests."""

    def upto(*sizes: int) -> tuple[int, ...]:
        return tuple(size for size in sizes if size <= largest)

    paper, many = upto(20, 50, 100, 200, 400), upto(50, 100, 200, 400, 1000)
    return {
        "paper lengths, compute-bound": Family("compute", "paper", "none", paper, 200.0),
        "paper lengths, compute-bound, padded": Family("compute", "paper", "prompt", paper, 200.0),
        "paper lengths, bandwidth-bound": Family("bandwidth", "paper", "none", paper, 50.0),
        "paper lengths, bandwidth-bound, padded": Family("bandwidth", "paper", "prompt", paper, 50.0),
        "paper lengths, all binding": Family("all", "paper", "none", paper, 50.0),
        "paper lengths, all binding, padded": Family("all", "paper", "prompt", paper, 50.0),
        "different lengths, compute-bound": Family("compute", "different", "none", many, 20.0),
        "different lengths, all binding": Family("all", "different", "none", many, 20.0),
        "different lengths, all binding, padded": Family("all", "different", "prompt", upto(50), 20.0),
    }


def timed_families(pending: int) -> dict[str, Family]:
    """What the distribution of solve times is measured over: all lengths different, every combination of the rest."""
    return {
        f"{scarce}, padded {padding}, {'weighted' if weighted else 'counted'}": Family(
            scarce, "different", padding, (pending,), weighted=weighted
        )
        for scarce, padding, weighted in product(get_args(Scarce), get_args(Padding), (False, True))
    }


def compare_solvers(
    family: Family, *, instances: int, seed: int, time_limit_s: float, others: Sequence[str] = ("highs", "cp_sat")
) -> dict[str, Any]:
    """Ratios of solve times to `BranchAndBound`, on so many instances of each size, and whether all optima agree.

    Where a solver did not finish within its limit, its ratio counts the time it had: a lower bound.
    """
    solvers: dict[str, Solver] = {"highs": MilpSolver(time_limit_s), "cp_sat": CpSatSolver(time_limit_s)}
    ratios: dict[str, list[float]] = {name: [] for name in others}
    unfinished = dict.fromkeys(others, 0)
    disagreements = 0
    own_s = []
    for size, problem in instances_of(family, instances, seed):
        ours, ours_s = timed(BranchAndBound(), problem, repeats=3)
        own_s.append((size, ours_s))
        for name in others:
            theirs, theirs_s = timed(solvers[name], problem)
            ratios[name].append(theirs_s / ours_s)
            if theirs.optimal:
                disagreements += theirs.value != ours.value
            else:
                unfinished[name] += 1
                disagreements += not theirs.value <= ours.value <= theirs.upper_bound + 1e-6
    return {
        "pending": list(family.pending),
        "instances": len(own_s),
        "ratio_to_reach": family.ratio_to_reach,
        "ratio_geometric_mean": {name: geometric_mean(found) for name, found in ratios.items()},
        "ratio_worst": {name: min(found) for name, found in ratios.items()},
        "unfinished": unfinished,
        "disagreements": disagreements,
        "branch_and_bound_ms": {
            str(size): 1e3 * geometric_mean([seconds for of, seconds in own_s if of == size]) for size in family.pending
        },
    }


def instances_of(family: Family, count: int, seed: int) -> Iterable[tuple[int, BatchProblem]]:
    """So many problems of each size, the same for a seed."""
    for size in family.pending:
        for index in range(count):
            rng = np.random.default_rng([seed, size, index])
            yield size, random_problem(rng, size, *family[:3], family.weighted)


def solve_times(family: Family, *, instances: int, seed: int, node_limit: int) -> dict[str, Any]:
    """The distribution of solve times (CPU time) of `BranchAndBound` at one size, and how many hit the node limit."""
    seconds, nodes, stopped = [], [], 0
    solver = BranchAndBound(node_limit=node_limit)
    for _, problem in instances_of(family, instances, seed):
        solution, once_s = timed(solver, problem)
        seconds.append(once_s)
        nodes.append(solution.nodes)
        stopped += not solution.optimal
    return {
        "pending": family.pending[0],
        "instances": instances,
        "median_ms": 1e3 * float(np.median(seconds)),
        "p99_ms": 1e3 * float(np.quantile(seconds, 0.99)),
        "worst_ms": 1e3 * max(seconds),
        "most_nodes": max(nodes),
        "above_node_limit": stopped,
    }


def pruning(scenario: str, precision: str, rate_per_s: float, *, epochs: int, node_limit: int) -> dict[str, Any]:
    """The `search_effort` of a preset at a precision and a load, and whether the paper's claim holds of its nodes."""
    chosen = load_scenario(
        scenario,
        **{
            "node.precision": precision,
            "workload.arrivals.rate_per_s": float(rate_per_s),
            "epoch.visible_slots": int(4 * rate_per_s + 64),
            "epoch.episode_epochs": epochs,
        },
    )
    effort = search_effort(chosen, node_limit=node_limit)
    return {
        "scenario": scenario,
        "precision": precision,
        "rate_per_s": rate_per_s,
        "mean_candidates": sum(effort.candidates) / epochs,
        "nodes": effort.nodes,
        "seconds": effort.seconds,
        "epochs_stopped_at_node_limit": effort.stopped,
        "node_reduction": effort.node_reduction("unpruned"),
        "node_reduction_is_lower_bound": effort.stopped["unpruned"] > 0,
        "paper_claim_holds": effort.node_reduction("unpruned") > PAPER_CLAIM,
    }


def geometric_mean(numbers: Sequence[float]) -> float:
    """(Π x)^(1/n) of positive numbers."""
    return float(np.exp(np.mean(np.log(numbers))))
