"""Oracles, bounds and heuristics for the epoch problem, and the policies made of them."""

from edge_llm_baselines.allocation.bandwidth import MinimumShares
from edge_llm_baselines.allocation.joint import BestJoint
from edge_llm_baselines.allocation.oracle_decoding import OracleDecoding, VectorOracleDecoding
from edge_llm_baselines.allocation.partitions import BestPartition
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.exact_hindsight import ExactHindsight
from edge_llm_baselines.hindsight.hindsight import Hindsight, LagrangianHindsight, hindsight_bounds
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.registry.baseline import Baseline, Baselines, Tunable
from edge_llm_baselines.registry.registered import baselines_of, register_baselines
from edge_llm_baselines.registry.suite import register_suite
from edge_llm_baselines.rules.heuristics import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    StaticBatching,
)
from edge_llm_baselines.rules.look_ahead import LookAhead
from edge_llm_baselines.rules.tuning import tune_discount, tuned_look_ahead
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.brute_force import BruteForce
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.solvers.milp import MilpSolver
from edge_llm_baselines.solvers.problem import BatchProblem, Solution, Solver

__all__ = [
    "DFTSP",
    "Baseline",
    "Baselines",
    "BatchProblem",
    "BestJoint",
    "BestPartition",
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
    "MinimumShares",
    "NoBatching",
    "OracleDecoding",
    "RandomOrder",
    "ShortestJobFirst",
    "Solution",
    "Solver",
    "StaticBatching",
    "Tunable",
    "VectorOracleDecoding",
    "baselines_of",
    "hindsight_bounds",
    "register_baselines",
    "tune_discount",
    "tuned_look_ahead",
]

register_suite()
