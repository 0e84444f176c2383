"""The instances that solvers ever disagreed on, in `disagreements.json`, and how to add one.

Each entry is on a line of its own: a name, the optimum, what every solver said that was wrong, and the problem. Python
writes a float so that it reads back to the last bit. A test that finds a disagreement prints the line to append.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edge_llm_baselines import BatchProblem
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates

PATH = Path(__file__).with_name("disagreements.json")


class Disagreement(NamedTuple):
    """An instance on which a solver was wrong once."""

    name: str
    optimum: float
    wrong: dict[str, float]
    """What a solver said that was not the optimum."""
    problem: BatchProblem


@cache
def recorded() -> tuple[Disagreement, ...]:
    """All entries of the file."""
    entries = json.loads(PATH.read_text(encoding="utf-8"))
    return tuple(
        Disagreement(entry["name"], entry["optimum"], entry["wrong"], problem_of(entry["problem"])) for entry in entries
    )


def entry_of(problem: BatchProblem, optimum: float, wrong: dict[str, float]) -> str:
    """The line to append to the file, once it has a name that says what is special about the instance."""
    return json.dumps({"name": "", "optimum": optimum, "wrong": wrong, "problem": fields_of(problem)})


def is_recorded(problem: BatchProblem, solver: str) -> bool:
    """Whether a solver is known to be wrong on this instance."""
    fields = fields_of(problem)
    return any(solver in known.wrong and fields_of(known.problem) == fields for known in recorded())


def fields_of(problem: BatchProblem) -> dict[str, Any]:
    """A problem as lists and numbers."""
    rule = {
        name: [list(part) for part in value] if isinstance(value, AffineCost) else value
        for name, value in problem.rule._asdict().items()
    }
    candidates = {name: column.tolist() for name, column in problem.candidates._asdict().items()}
    return {"rule": rule, "candidates": candidates, "values": problem.values.tolist()}


def problem_of(fields: dict[str, Any]) -> BatchProblem:
    """The problem that `fields_of` made these of."""
    rule = {
        name: AffineCost(*(Polynomial(*part) for part in value)) if isinstance(value, list) else value
        for name, value in fields["rule"].items()
    }
    candidates = {name: np.array(column, dtype=float) for name, column in fields["candidates"].items()}
    return BatchProblem(Rule(**rule), Candidates(**candidates), np.array(fields["values"], dtype=float))
