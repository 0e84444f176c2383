"""Oracles, bounds and heuristics for the epoch problem, and the policies made of them."""

from baselines.branch_and_bound import BranchAndBound
from baselines.brute_force import BruteForce
from baselines.dftsp import DFTSP
from baselines.episode import EpisodeProblem
from baselines.exact_hindsight import ExactHindsight
from baselines.heuristics import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    StaticBatching,
)
from baselines.hindsight import Hindsight, LagrangianHindsight, hindsight_bounds
from baselines.look_ahead import LookAhead
from baselines.milp import MilpSolver
from baselines.oracle_decoding import OracleDecoding, VectorOracleDecoding
from baselines.policy import EpochPolicy
from baselines.problem import BatchProblem, Solution, Solver
from baselines.tuning import tune_discount, tuned_look_ahead

__all__ = [
    "DFTSP",
    "BatchProblem",
    "BranchAndBound",
    "BruteForce",
    "EarliestDeadlineFirst",
    "EpisodeProblem",
    "EpochPolicy",
    "ExactHindsight",
    "FirstComeFirstServed",
    "Hindsight",
    "LagrangianHindsight",
    "LookAhead",
    "MilpSolver",
    "NoBatching",
    "OracleDecoding",
    "RandomOrder",
    "ShortestJobFirst",
    "Solution",
    "Solver",
    "StaticBatching",
    "VectorOracleDecoding",
    "hindsight_bounds",
    "tune_discount",
    "tuned_look_ahead",
]
