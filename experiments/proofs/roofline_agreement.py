"""Every solver against all subsets and against HiGHS, where batches cost what the roofline model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.brute_force import BruteForce
from edge_llm_baselines.solvers.cp_sat import CpSatSolver
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.solvers.milp import MilpSolver
from edge_llm_baselines.solvers.problem import BatchProblem
from experiments.proofs.agreement import HIGHS_ABSOLUTE, fault_of
from experiments.proofs.roofline_instances import DECODERS, instances

SIZES = (1, 12)
"""Requests of an instance, of which all subsets are looked at."""


def against_all_subsets_and_highs(count: int, seed: int, cp_sat_every: int = 1) -> Iterator[dict[str, Any]]:
    """So many instances of each kind of decoder, and what each solver made of them; a count per kind.

    Values are ones in every other instance, in which `DFTSP` takes part too. CP-SAT, which takes as long as all others
    together, has each `cp_sat_every`-th.
    """
    for kind, decoder in DECODERS.items():
        counts: Counter[str] = Counter()
        wrong: list[dict[str, Any]] = []
        for index, problem in enumerate(instances(decoder, count, SIZES, seed)):
            best = BruteForce().solve(problem).value
            counts["instances"] += 1
            counts["not all can be served"] += bool(best < problem.values.sum())
            for name, fault in faults(problem, best, cp_sat=index % cp_sat_every == 0).items():
                counts[name] += 1
                if fault:
                    wrong.append({"solver": name, "index": index, "fault": fault, "best": best})
        yield {"decoder": kind, "sizes": list(SIZES), "seed": seed, "counts": dict(counts), "wrong": wrong}


def faults(problem: BatchProblem, best: float, *, cp_sat: bool) -> dict[str, str]:
    """Solver → what is wrong with its answer, the optimum being known; empty if nothing is.

    HiGHS and CP-SAT are within their own tolerances: of CP-SAT the optima with costs rounded up and rounded down, which
    must enclose the best.
    """
    ours = BranchAndBound().solve(problem)
    found = {"BranchAndBound": fault_of(problem, ours, best) or ("" if ours.optimal else "not proven")}
    if problem.counts_requests:
        counted = DFTSP().solve(problem)
        found["DFTSP"] = fault_of(problem, counted, best) or ("" if counted.optimal else "not proven")
    gap = HIGHS_ABSOLUTE * float(problem.values.max(initial=0.0))
    highs = MilpSolver().solve(problem)
    found["HiGHS"] = "" if abs(highs.value - best) <= gap and highs.optimal else f"finds {highs.value}"
    if cp_sat:
        unit = len(problem) * 2.0**-24 * float(problem.values.max(initial=0.0))
        strict, lenient = CpSatSolver().solve(problem), CpSatSolver(lenient=True).solve(problem)
        encloses = strict.value <= best + unit and best <= lenient.upper_bound + unit
        found["CP-SAT"] = "" if encloses else f"is between {strict.value} and {lenient.upper_bound}"
    return found
