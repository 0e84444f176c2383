"""Solvers of several nodes against each other on many small instances, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.every_assignment import EveryAssignment
from edge_llm_baselines.assignment.gah import GAH, ot_gah
from edge_llm_baselines.assignment.milp import AssignmentMilp
from edge_llm_baselines.assignment.problem import Assignment, SeveralNodes
from edge_llm_baselines.solvers.problem import MOST_SPAN, BatchProblem
from experiments.proofs.adversarial_instances import FAMILIES, instances
from experiments.proofs.networks import VALUES, Network

RELATIVE = 1e-9 + 64 * 2.0**-52
"""Values that differ by less count as equal, as `BranchAndPrice` says."""

HIGHS_RELATIVE = 1e-6
"""What HiGHS can be off by, its absolute gap being 1e-6 and values about 1."""

MOST_NODES, MOST_REQUESTS = 3, 8
"""Of a small instance."""


def small_instances(family: str, count: int, seed: int) -> Iterator[SeveralNodes]:
    """Problems of two or three nodes whose requests cost something else at each; values of each kind in turn."""
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        nodes, requests = int(rng.integers(2, MOST_NODES, endpoint=True)), int(rng.integers(2, MOST_REQUESTS + 1))
        kind = VALUES[index % len(VALUES)]
        if family == "networks":
            # Small networks are only hard with little time.
            yield Network(least_slack=0.05).problem(rng, nodes, requests, kind)
            continue
        problems = list(instances(family, nodes, (requests, requests), seed + 7919 * index))
        if kind != "of pairs" or spans_too_much(problems):
            values = np.ones(requests) if kind == "counts" else problems[0].values
            problems = [replace(problem, values=values) for problem in problems]
        yield SeveralNodes(tuple(problems))


def spans_too_much(problems: list[BatchProblem]) -> bool:
    """Whether values of different nodes cannot be told apart in sums."""
    values = np.concatenate([problem.values[problem.values > 0.0] for problem in problems])
    return len(values) > 0 and bool(values.max() / MOST_SPAN > values.min())


def agreement(per_family: int, seed: int) -> Iterator[dict[str, Any]]:
    """`BranchAndPrice` against every assignment and HiGHS, and how much `GAH` reaches; an entry per family."""
    for family in [*FAMILIES, "networks"]:
        counts: Counter[str] = Counter()
        ratios: list[float] = []
        wrong: list[dict[str, Any]] = []
        for index, problem in enumerate(small_instances(family, per_family, seed)):
            best = EveryAssignment().solve(problem).value
            found = {"BranchAndPrice": BranchAndPrice().solve(problem), "GAH": GAH().solve(problem)}
            found["stopped"] = BranchAndPrice(node_limit=1).solve(problem)
            if all((node.values == 1.0).all() for node in problem.nodes):
                found["OT-GAH"] = ot_gah().solve(problem)
            for name, solution in found.items():
                counts[name] += 1
                counts[f"{name} proven"] += solution.optimal
                if fault := fault_of(problem, solution, best, name.endswith("GAH")):
                    wrong.append({"solver": name, "index": index, "fault": fault, "best": best})
            highs = AssignmentMilp().solve(problem)
            counts["HiGHS"] += 1
            counts["HiGHS proven"] += highs.optimal
            scale = HIGHS_RELATIVE * max(best, float(problem.values.max()))
            counts["HiGHS agrees"] += highs.value - scale <= best <= highs.upper_bound + scale
            if best > 0.0:
                ratios.append(found["GAH"].value / best)
        yield {
            "family": family,
            "counts": dict(counts),
            "least_ratio_of_gah": min(ratios, default=1.0),
            "mean_ratio_of_gah": float(np.mean(ratios)) if ratios else 1.0,
            "wrong": wrong,
        }


def fault_of(problem: SeveralNodes, solution: Assignment, best: float, is_half: bool) -> str:
    """What is wrong with a solution of a problem whose optimum is known; empty if nothing is."""
    if not problem.is_feasible(solution.node_of):
        return "infeasible"
    if solution.value != problem.value(solution.node_of):
        return "value"
    if solution.value > best * (1.0 + RELATIVE) or solution.upper_bound < best * (1.0 - RELATIVE):
        return "bound"
    if solution.optimal and solution.value < best * (1.0 - RELATIVE):
        return "not the optimum"
    if is_half and solution.value < best / 2.0 * (1.0 - RELATIVE):
        return "less than half"
    return ""
