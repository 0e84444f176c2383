"""What exact searches cost over an episode: nodes and CPU time of DFTSP and of trees without its pruning."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

import edge_llm_env  # noqa: F401 (registers the environments)
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.solvers.problem import BatchProblem, Solution, Solver
from edge_llm_baselines.solvers.size_tree import place_of_room, search
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import Scenario
from edge_llm_env.solver.subproblems import alone_feasible, longest_outputs, longest_prompts, subproblem, thresholds


class SearchEffort(NamedTuple):
    """Of each search by name, summed over epochs."""

    candidates: list[int]
    """Pending requests at each epoch."""
    nodes: dict[str, int]
    seconds: dict[str, float]
    """CPU time."""
    stopped: dict[str, int]
    """Epochs at which the search had used up its nodes: its nodes and seconds are lower bounds then."""

    def node_reduction(self, other: str) -> float:
        """Share of the nodes of another search that DFTSP saves; none of a search without nodes."""
        return 1.0 - self.nodes["dftsp"] / self.nodes[other] if self.nodes[other] else 0.0


def search_effort(scenario: Scenario, *, node_limit: int, seed: int = 0) -> SearchEffort:
    """Nodes and seconds of four searches on every epoch of the episode that `reset(seed=)` draws.

    `unpruned` is `UnprunedTree`; `unpruned_below_bound` the same tree for those sizes only that each capacity on its
    own leaves possible, so that DFTSP differs from it by online pruning alone. Each has `node_limit` nodes per epoch.
    A largest batch is served in each epoch.
    """
    solvers: dict[str, Solver] = {
        "dftsp": DFTSP(node_limit=node_limit),
        "unpruned_below_bound": DFTSP(prunes=False, node_limit=node_limit),
        "unpruned": UnprunedTree(node_limit),
        "branch_and_bound": BranchAndBound(node_limit=node_limit),
    }
    effort = SearchEffort([], dict.fromkeys(solvers, 0), dict.fromkeys(solvers, 0.0), dict.fromkeys(solvers, 0))
    env: Any = gym.make(BATCH_SELECTION, scenario=scenario)
    env.reset(seed=seed)
    for solver in solvers.values():
        solver.solve(BatchProblem.of_row(env.unwrapped.simulation))  # compiled before it is timed
    for _ in range(scenario.epoch.episode_epochs):
        problem = BatchProblem.of_row(env.unwrapped.simulation)
        effort.candidates.append(len(problem))
        for name, solver in solvers.items():
            solution, once_s = timed(solver, problem)
            effort.nodes[name] += solution.nodes
            effort.seconds[name] += once_s
            effort.stopped[name] += not solution.optimal
        action = np.zeros(env.action_space.n, dtype=np.int8)
        action[: len(problem)] = BranchAndBound().solve(problem).selected
        env.step(action)
    env.close()
    return effort


def timed(solver: Solver, problem: BatchProblem, repeats: int = 1) -> tuple[Solution, float]:
    """A solution and the least CPU time (s) that so many solves took, building a solver's model included."""
    least_s = np.inf
    for _ in range(repeats):
        begun_s = time.process_time()
        solution = solver.solve(problem)
        least_s = min(least_s, time.process_time() - begun_s)
    return solution, least_s


class UnprunedTree:
    """The paper's brute force: the tree of DFTSP without its bound on the size, constraints checked at leaves only.

    It asks for each size from the number of candidates downward. Its solution says nothing but how many nodes that took
    and, in `optimal`, whether it finished within the limit.
    """

    def __init__(self, node_limit: int) -> None:
        self.node_limit = node_limit

    def solve(self, problem: BatchProblem) -> Solution:
        """Search until a batch is found or the nodes are used up."""
        rule, candidates = problem.rule, problem.candidates
        among = alone_feasible(rule, candidates)
        parts = [
            subproblem(rule, candidates, among, threshold_s, longest_s, longest_n)
            for longest_s in longest_prompts(rule, candidates, among)
            for longest_n in longest_outputs(rule, candidates, among)
            for threshold_s in thresholds(rule, candidates, among)
        ]
        selected = np.zeros(len(problem), dtype=np.bool_)
        nodes = 0
        for size in range(len(among), 0, -1):
            for part in parts:
                if len(part.members) < size:
                    continue
                left = self.node_limit - nodes
                place = place_of_room(len(among))
                found, visited = search(rule, candidates, part, size, False, left, selected, place)
                nodes += visited
                if found or nodes >= self.node_limit:
                    return Solution(selected, float(size) if found else 0.0, nodes, found, float(size))
        return Solution(selected, 0.0, nodes, True, 0.0)
