"""Classes that the reference documents beside what the packages offer, and right values of classes of their own."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from experiments.faults.subjects.right import Values, environment, problem, scenario

DOCUMENTED = (
    "edge_llm_env.wrappers.multi_objective:MultiObjective",
    "edge_llm_env.wrappers.multi_objective:VectorMultiObjective",
    "edge_llm_env.envs.multi_node.parallel:ParallelNodes",
    "edge_llm_agents.adapters.node_agents_vec_env:NodeAgentsVecEnv",
    "edge_llm_baselines.hindsight.hindsight:LagrangianHindsight",
    "edge_llm_baselines.assignment.branch_and_price:BranchAndPrice",
)
"""Wrappers, adapters, the agents of a network and solvers of whole episodes and of several nodes."""


def class_named(where: str) -> Any:
    """The class of a module, `module:Class`."""
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def _rows() -> Any:
    from edge_llm_agents import EdgeVecEnv

    rows = EdgeVecEnv("EdgeLLM/Batching-v0", 2, scenario())
    rows.reset()
    return rows


def _agents() -> Any:
    agents = class_named(DOCUMENTED[3])(1)
    agents.reset()
    return agents


def _actions_of_agents() -> dict[str, Any]:
    nodes = class_named(DOCUMENTED[2])()
    return {agent: nodes.action_space(agent).sample() for agent in nodes.possible_agents}


def _episode() -> Any:
    from edge_llm_baselines.hindsight.episode import EpisodeProblem
    from edge_llm_env import draw_workloads

    return EpisodeProblem.of_workload(scenario(), draw_workloads(scenario(), 1)[0])


def _several_nodes() -> Any:
    from edge_llm_baselines.assignment.problem import SeveralNodes

    return SeveralNodes((problem(), problem()))


OWN: dict[str, Values] = {
    "VectorMultiObjective": {
        "env": lambda: environment(rows=2),
        "actions": lambda: np.ones((2, 5)),
        "state": lambda: environment(rows=2).state(),
    },
    "ParallelNodes": {"agent": lambda: "node_0", "actions": _actions_of_agents},
    "EdgeVecEnv": {"state": lambda: _rows().state()},
    "NodeAgentsVecEnv": {
        "networks": lambda: 1,
        "actions": lambda: np.zeros((_agents().num_envs, *_agents().action_space.shape)),
        "method_name": lambda: "state",
        "state": lambda: _agents().state(),
    },
    "LagrangianHindsight": {"episode": _episode},
    "BranchAndPrice": {"problem": _several_nodes},
}
"""By the class, values that are not those of `RIGHT`."""
