"""Oracles, bounds and heuristics for the epoch problem, and the policies made of them."""

from baselines.branch_and_bound import BranchAndBound
from baselines.brute_force import BruteForce
from baselines.dftsp import DFTSP
from baselines.heuristics import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    StaticBatching,
)
from baselines.milp import MilpSolver
from baselines.policy import EpochPolicy
from baselines.problem import BatchProblem, Solution, Solver

__all__ = [
    "DFTSP",
    "BatchProblem",
    "BranchAndBound",
    "BruteForce",
    "EarliestDeadlineFirst",
    "EpochPolicy",
    "FirstComeFirstServed",
    "MilpSolver",
    "NoBatching",
    "RandomOrder",
    "ShortestJobFirst",
    "Solution",
    "Solver",
    "StaticBatching",
]
