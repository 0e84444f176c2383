"""Every exact solver against the others on many instances, counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.brute_force import BruteForce
from edge_llm_baselines.solvers.cp_sat import CpSatSolver
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.solvers.milp import MilpSolver
from edge_llm_baselines.solvers.problem import BatchProblem, Solution
from edge_llm_env.solver.boxes import is_single, whole_box
from edge_llm_env.solver.core_search import search_core
from edge_llm_env.solver.search_state import MORE_PATIENCE, PATIENCE, begin_search, default_node_limit
from experiments.proofs.adversarial_instances import FAMILIES, instances
from experiments.proofs.knapsack_classes import CLASSES, RESOURCES, knapsack

RELATIVE = 1e-10 + 64 * 2.0**-52
"""Values that differ by less count as equal: one part in 10¹⁰, as `BranchAndBound` says, and rounding of 64 sums."""

HIGHS_ABSOLUTE = 1e-6
"""Gap of HiGHS, relative to the largest value."""


def same(found: float, best: float) -> bool:
    """Whether two values count as equal."""
    return abs(found - best) <= RELATIVE * best


def core_alone(problem: BatchProblem) -> Solution | None:
    """The dynamic programme of `edge_llm_env.solver.core_search` alone; None unless the problem is one knapsack."""
    search = begin_search(problem.rule, problem.candidates, problem.values, default_node_limit(len(problem)))
    if len(search.levels.among) == 0:
        return None
    search.counts[PATIENCE] *= MORE_PATIENCE  # else a small core would be left to the tree
    whole_box(search.levels, search.box)
    if not is_single(search.box):
        return None
    finished = search_core(problem.rule, problem.candidates, search)
    value = problem.value(search.best.selected)
    return Solution(search.best.selected, value, 0, finished, value if finished else np.inf)


def against_all_subsets(per_family: int, seed: int, sizes: tuple[int, int] = (1, 10)) -> Iterator[dict[str, Any]]:
    """`BranchAndBound`, stopped early and not, its core alone, and `DFTSP`, against all subsets; a count per family."""
    for family in FAMILIES:
        counts: Counter[str] = Counter()
        wrong: list[dict[str, Any]] = []
        for index, problem in enumerate(instances(family, per_family, sizes, seed)):
            best = BruteForce().solve(problem).value
            found = {"BranchAndBound": BranchAndBound().solve(problem)}
            found["stopped"] = BranchAndBound(node_limit=1 + index % 12).solve(problem)
            if (core := core_alone(problem)) is not None:
                found["core"] = core
            if problem.counts_requests:
                found["DFTSP"] = DFTSP().solve(problem)
            for name, solution in found.items():
                counts[name] += 1
                counts[f"{name} proven"] += solution.optimal
                if fault := fault_of(problem, solution, best):
                    wrong.append(
                        {"solver": name, "index": index, "fault": fault, "best": best, "value": solution.value}
                    )
            if not found["BranchAndBound"].optimal:
                wrong.append({"solver": "BranchAndBound", "index": index, "fault": "not proven", "best": best})
        yield {"family": family, "sizes": list(sizes), "seed": seed, "counts": dict(counts), "wrong": wrong}


def fault_of(problem: BatchProblem, solution: Solution, best: float) -> str:
    """What is wrong with a solution of a problem whose optimum is known; empty if nothing is."""
    if solution.selected.any() and not problem.is_feasible(solution.selected):
        return "infeasible"
    if solution.value != problem.value(solution.selected):
        return "value"
    if solution.value > best * (1.0 + RELATIVE):
        return "above the optimum"
    if solution.optimal and not same(solution.value, best):
        return "not the optimum"
    return "bound" if solution.upper_bound < best * (1.0 - RELATIVE) else ""


def against_general_solvers(count: int, seed: int, time_limit_s: float = 20.0) -> Iterator[dict[str, Any]]:
    """`BranchAndBound` against HiGHS and CP-SAT on instances of 12 to 40 requests, a count per family.

    HiGHS and CP-SAT are within their own tolerances: a disagreement is what neither of these, nor rounding of CP-SAT's
    coefficients one way and the other, explains.
    """
    for family in [*FAMILIES, *CLASSES]:
        counts: Counter[str] = Counter()
        wrong: list[dict[str, Any]] = []
        for index, problem in enumerate(larger_instances(family, count, seed)):
            ours = BranchAndBound().solve(problem)
            highs = MilpSolver(time_limit_s).solve(problem)
            strict, lenient = (CpSatSolver(time_limit_s, lenient=lenient).solve(problem) for lenient in (False, True))
            gap = HIGHS_ABSOLUTE * float(problem.values.max())
            counts["instances"] += 1
            counts["proven"] += ours.optimal
            counts["HiGHS wrong"] += highs.value > ours.upper_bound + gap or highs.upper_bound < ours.value - gap
            unit = len(problem) * 2.0**-24 * float(problem.values.max())
            above = strict.value > ours.upper_bound + unit
            below = lenient.optimal and lenient.upper_bound < ours.value - unit
            if above or below or highs.value > ours.upper_bound * (1.0 + RELATIVE):
                wrong.append({"index": index, "ours": ours.value, "highs": highs.value, "cp_sat": strict.value})
        yield {"family": family, "seed": seed, "counts": dict(counts), "wrong": wrong}


def larger_instances(family: str, count: int, seed: int) -> Iterator[BatchProblem]:
    """Instances of 12 to 40 requests of an adversarial family or a knapsack class."""
    if family in FAMILIES:
        yield from instances(family, count, (12, 25), seed)
        return
    for index in range(count):
        rng = np.random.default_rng([seed, list(CLASSES).index(family), index])
        yield knapsack(family, rng, int(rng.integers(12, 40, endpoint=True)), resource=RESOURCES[index % 4])


def hard_class_times(sizes: tuple[int, ...], count: int, seed: int, largest: int = 1000) -> Iterator[dict[str, Any]]:
    """CPU time of `BranchAndBound` and of HiGHS on each knapsack class, and how often each has proven its batch."""
    for name in CLASSES:
        for size in sizes:
            ours_s, highs_s, proven, highs_proven, disagreements = [], [], 0, 0, 0
            for index in range(count):
                rng = np.random.default_rng([seed, list(CLASSES).index(name), size, index])
                problem = knapsack(name, rng, size, largest=largest, resource=RESOURCES[index % 4])
                begun_s = time.process_time()
                ours = BranchAndBound().solve(problem)
                ours_s.append(time.process_time() - begun_s)
                begun_s = time.process_time()
                highs = MilpSolver(20.0).solve(problem)
                highs_s.append(time.process_time() - begun_s)
                proven += ours.optimal
                highs_proven += highs.optimal
                disagreements += highs.value > ours.upper_bound * (1.0 + RELATIVE)
            ratios = np.array(ours_s) / np.array(highs_s)
            yield {
                "class": name,
                "pending": size,
                "largest_weight": largest,
                "instances": count,
                "ms": 1e3 * float(np.median(ours_s)),
                "worst_ms": 1e3 * max(ours_s),
                "highs_ms": 1e3 * float(np.median(highs_s)),
                "worst_ratio_to_highs": float(ratios.max()),
                "ratio_to_highs": float(np.exp(np.log(ratios).mean())),
                "proven": proven,
                "highs_proven": highs_proven,
                "better_by_highs": disagreements,
            }
