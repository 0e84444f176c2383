"""The simple rules that oracles and learned policies are compared with.

Each serves requests in an order of its own, skipping those that do not fit. All use only what the observation tells
(slack, compute time, order of arrival), but read it in full precision, as
`edge_llm_baselines.playing.policy.EpochPolicy` hands it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.greedy import compute_times_alone_s, serve_in_order
from edge_llm_baselines.solvers.problem import BatchProblem, Solution
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import is_feasible
from edge_llm_env.scenarios.schema import Scenario


class Heuristic(ABC):
    """Serve requests in some order, each if the batch stays feasible with it, up to a number of requests."""

    most_requests: int | None = None

    @abstractmethod
    def order(self, problem: BatchProblem) -> NDArray[np.int64]:
        """Indices of all candidates, first served first."""

    def solve(self, problem: BatchProblem) -> Solution:
        """The batch of this heuristic; `optimal` says nothing more than that it serves everyone."""
        most = len(problem) if self.most_requests is None else self.most_requests
        selected = np.zeros(len(problem), dtype=np.bool_)
        serve_in_order(problem.rule, problem.candidates, self.order(problem), most, selected)
        total = float(problem.values.sum())
        return Solution(selected, problem.value(selected), len(problem), bool(selected.all()), total)


class FirstComeFirstServed(Heuristic):
    """FCFS: the order of arrival."""

    def order(self, problem: BatchProblem) -> NDArray[np.int64]:
        """Indices of all candidates, the longest waiting first."""
        return np.arange(len(problem))


class EarliestDeadlineFirst(Heuristic):
    """EDF: the least slack first."""

    def order(self, problem: BatchProblem) -> NDArray[np.int64]:
        """Indices of all candidates, the least slack first."""
        return np.argsort(problem.candidates.slack_s, kind="stable")


class ShortestJobFirst(Heuristic):
    """SJF: the least compute time alone first."""

    def order(self, problem: BatchProblem) -> NDArray[np.int64]:
        """Indices of all candidates, the shortest compute time first."""
        alone_s = np.empty(len(problem))
        compute_times_alone_s(problem.rule, problem.candidates, alone_s)
        return np.argsort(alone_s, kind="stable")


class NoBatching(FirstComeFirstServed):
    """NoB: one request per epoch, first come first served."""

    most_requests = 1


class StaticBatching(FirstComeFirstServed):
    """StB: batches of at most a fixed size, first come first served.

    The paper does not say publicly how its size is chosen. `for_scenario` takes the size that is safe whatever arrives,
    which is what a static batch must assume.
    """

    def __init__(self, batch_size: int) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size = {batch_size}: must be at least 1")
        self.most_requests = batch_size

    @classmethod
    def for_scenario(cls, scenario: Scenario) -> StaticBatching:
        """The largest batch that the node can serve within the window when all lengths are the longest; at least 1."""
        node = node_params(scenario)
        prompt = float(scenario.node.fixed_prompt_tokens or scenario.workload.longest_prompt_tokens)
        longest = Request(
            prompt_tokens=prompt + node.image_tokens,
            output_tokens=float(scenario.workload.longest_output_tokens),
            slack_s=np.inf,
            uplink_share=0.0,
            downlink_share=0.0,
            compute_s=node.encoding_s,
            memory_bytes=0.0,
        )
        rule = rule_of(node)
        batch, size = with_request(empty_batch(), longest), 0
        while is_feasible(rule, batch):
            batch, size = with_request(batch, longest), size + 1
        return cls(max(size, 1))


class RandomOrder(Heuristic):
    """A random order at every decision, from a generator seeded once: same seed, same decisions."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def order(self, problem: BatchProblem) -> NDArray[np.int64]:
        """Indices of all candidates, in an order drawn anew."""
        return self._rng.permutation(len(problem))
