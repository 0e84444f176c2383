"""Problems of several nodes as cells in a row make them: users whom more than one base station hears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.problem import SeveralNodes
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.channels import least_downlink_share, least_uplink_share
from edge_llm_env.dynamics.params import NodeParams, node_params, rule_of
from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.scenarios.loading import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.solver.candidates import Candidates

VALUES = ("counts", "of requests", "of pairs")
"""All worth the same, each the same at all nodes, or any."""


@dataclass(frozen=True)
class Network:
    """Nodes of one scenario in a row of cells; numbers beside the scenario's are this suite's choice."""

    scenario: str = "orin-llama-8b"
    backhaul_s: float = 0.03
    """One way, between any two nodes."""
    speeds: tuple[float, ...] = (1.0, 0.7, 0.5)
    """Of the nodes in turn, as parts of the scenario's."""
    least_slack: float = 0.3
    """Least part of the longest latency requirement that is left."""

    def problem(self, rng: np.random.Generator, nodes: int, requests: int, values: str) -> SeveralNodes:
        """A random epoch: a request sends to the base station that hears it best, and backhaul takes it to others.

        A node serves with a band of its own, whichever base station receives it, so that each batch is as of one node.
        """
        scenario, params = _scenario(self.scenario)
        asked, rule = scenario.workload, rule_of(params)
        prompts = rng.choice(np.array(asked.prompt_tokens, dtype=float), requests)
        outputs = rng.choice(np.array(asked.output_tokens, dtype=float), requests)
        slack_s = rng.uniform(self.least_slack, 1.0, requests) * asked.latency_requirement_s.high - params.reserved_s
        gain, heard_by = self.channels(rng, scenario, nodes, requests)
        uplink, downlink = shares(params, prompts, outputs, gain)
        worth = np.ones(requests) if values == "counts" else rng.uniform(0.1, 1.0, requests)
        nothing = np.zeros(requests)
        problems = []
        for node in range(nodes):
            slower = 1.0 / self.speeds[node % len(self.speeds)]
            backhaul_s = np.where(heard_by == node, 0.0, 2.0 * self.backhaul_s)
            problems.append(
                BatchProblem(
                    rule._replace(compute_s=AffineCost(*rule.compute_s).scaled(slower)),
                    Candidates(prompts, outputs, slack_s - backhaul_s, uplink, downlink, nothing, nothing),
                    rng.uniform(0.1, 1.0, requests) if values == "of pairs" else worth.copy(),
                )
            )
        return SeveralNodes(tuple(problems))

    def channels(
        self, rng: np.random.Generator, scenario: Scenario, nodes: int, requests: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The best gain of each request and whose it is: users anywhere in the row, Rayleigh fading to each station."""
        radio = scenario.radio
        radius_m = radio.cell_radius_m
        along_m = rng.uniform(0.0, 2.0 * radius_m * nodes, requests)
        across_m = rng.uniform(-radius_m, radius_m, requests)
        stations_m = radius_m * (2.0 * np.arange(nodes)[:, None] + 1.0)
        distance_m = np.maximum(np.hypot(along_m - stations_m, across_m), radio.min_distance_m)
        usual = radio.path_loss.usual_gain(distance_m.ravel(), radio.carrier_frequency_hz).reshape(distance_m.shape)
        gain = usual * rng.exponential(1.0, distance_m.shape)
        return gain.max(axis=0), gain.argmax(axis=0)


@cache
def _scenario(name: str) -> tuple[Scenario, NodeParams]:
    scenario = load_scenario(name)
    return scenario, node_params(scenario)


def shares(
    params: NodeParams, prompts: NDArray[np.float64], outputs: NDArray[np.float64], gain: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What requests need of the uplink and of the downlink at power gains."""
    uplink = [
        least_uplink_share(params, float(s) * params.uplink_bits_per_token, float(g))
        for s, g in zip(prompts, gain, strict=True)
    ]
    downlink = [least_downlink_share(params, float(n), float(g)) for n, g in zip(outputs, gain, strict=True)]
    return np.array(uplink), np.array(downlink)
