"""Oracles, bounds and heuristics for the epoch problem, and the policies made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_llm_baselines.allocation.bandwidth import MinimumShares
    from edge_llm_baselines.allocation.joint import BestJoint
    from edge_llm_baselines.allocation.oracle_decoding import OracleDecoding
    from edge_llm_baselines.allocation.partitions import BestPartition
    from edge_llm_baselines.hindsight.hindsight import hindsight_bounds
    from edge_llm_baselines.playing.policy import EpochPolicy
    from edge_llm_baselines.rules.look_ahead import LookAhead
    from edge_llm_baselines.rules.tuning import tuned_look_ahead
    from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
    from edge_llm_baselines.solvers.brute_force import BruteForce
    from edge_llm_baselines.solvers.dftsp import DFTSP
    from edge_llm_baselines.solvers.milp import MilpSolver
    from edge_llm_baselines.solvers.problem import BatchProblem

__all__ = [
    "DFTSP",
    "BatchProblem",
    "BestJoint",
    "BestPartition",
    "BranchAndBound",
    "BruteForce",
    "EpochPolicy",
    "LookAhead",
    "MilpSolver",
    "MinimumShares",
    "OracleDecoding",
    "hindsight_bounds",
    "tuned_look_ahead",
]

_HOMES = {
    "DFTSP": "edge_llm_baselines.solvers.dftsp",
    "BatchProblem": "edge_llm_baselines.solvers.problem",
    "BestJoint": "edge_llm_baselines.allocation.joint",
    "BestPartition": "edge_llm_baselines.allocation.partitions",
    "BranchAndBound": "edge_llm_baselines.solvers.branch_and_bound",
    "BruteForce": "edge_llm_baselines.solvers.brute_force",
    "EpochPolicy": "edge_llm_baselines.playing.policy",
    "LookAhead": "edge_llm_baselines.rules.look_ahead",
    "MilpSolver": "edge_llm_baselines.solvers.milp",
    "MinimumShares": "edge_llm_baselines.allocation.bandwidth",
    "OracleDecoding": "edge_llm_baselines.allocation.oracle_decoding",
    "hindsight_bounds": "edge_llm_baselines.hindsight.hindsight",
    "tuned_look_ahead": "edge_llm_baselines.rules.tuning",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
