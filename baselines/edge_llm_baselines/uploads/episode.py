"""A whole episode in which uploads carry over, seen in hindsight: who could send and be computed when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import begin_episode, dispatch
from edge_llm_env.dynamics.params import NodeParams, node_params, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.workload import Workload

MOST_SLOTS = 4096
"""Most requests that a scenario can show at once."""


@dataclass(frozen=True, eq=False)
class UploadEpisode:
    """Every chance of a request to send, k of them, epoch after epoch, in order of arrival within each."""

    rule: Rule
    params: NodeParams
    requests: int
    """N, requests on the workload."""
    epochs: int
    """Of the episode."""
    request: NDArray[np.int64]
    """(k,) index on the workload."""
    epoch: NDArray[np.int64]
    """(k,) ascending, from 0."""
    uplink_share: NDArray[np.float64]
    """(k,) of the uplink that the whole upload would need in that epoch; infinite without a channel."""
    downlink_share: NDArray[np.float64]
    """(k,)"""
    slack_s: NDArray[np.float64]
    """(k,)"""
    prompt_tokens: NDArray[np.float64]
    """(k,) as computed."""
    output_tokens: NDArray[np.float64]
    """(k,)"""
    last_token: NDArray[np.float64]
    """(k,) part of the upload that its last token is."""

    @classmethod
    def of_workload(cls, scenario: Scenario, workload: Workload) -> UploadEpisode:
        """The episode of a scenario on a workload.

        The environment's own dynamics tell who is pending when, in a run that serves nobody. Raises ValueError where
        uploads do not carry over, and when more requests pend at once than a scenario can have slots.
        """
        one_of("radio.transfers", scenario.radio.transfers, ["carried_over"])
        slots = min(MOST_SLOTS, max(1, workload.requests))
        simulation = Simulation(load_scenario(scenario, **{"epoch.visible_slots": slots}), rows=1)
        # Of a mixture of experts, costs depend on the largest batch, and so on the scenario's own slots.
        params, rule = simulation.params, rule_of(node_params(scenario))
        simulation.load(0, workload)
        begin_episode(rule, params, simulation.state, 0)
        columns: list[tuple[NDArray, ...]] = []
        for epoch in range(scenario.epoch.episode_epochs):
            state, shown = simulation.state, int(simulation.state.visible[0])
            if beyond := simulation.counters(0)["beyond_visible"]:
                raise ValueError(f"workload: {shown + beyond} requests pend at once, must be at most {slots}")
            request = state.slot_request[0, :shown].copy()
            columns.append(
                (
                    request,
                    np.full(shown, epoch),
                    state.slot_uplink_share[0, :shown].copy(),
                    state.slot_downlink_share[0, :shown].copy(),
                    state.slot_slack_s[0, :shown].copy(),
                    state.slot_prompt_tokens[0, :shown].copy(),
                    state.slot_output_tokens[0, :shown].copy(),
                    1.0 / state.prompt_tokens[0, request],
                )
            )
            dispatch(rule, params, simulation.state, 0)
        joined = (np.concatenate(column) for column in zip(*columns, strict=True))
        return cls(rule, params, workload.requests, scenario.epoch.episode_epochs, *joined)
