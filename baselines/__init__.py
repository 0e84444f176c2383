"""Oracles, bounds and heuristics for the epoch problem, and the policies made of them."""

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
from baselines.policy import EpochPolicy
from baselines.problem import BatchProblem, Solution, Solver

__all__ = [
    "DFTSP",
    "BatchProblem",
    "BruteForce",
    "EarliestDeadlineFirst",
    "EpochPolicy",
    "FirstComeFirstServed",
    "NoBatching",
    "RandomOrder",
    "ShortestJobFirst",
    "Solution",
    "Solver",
    "StaticBatching",
]
