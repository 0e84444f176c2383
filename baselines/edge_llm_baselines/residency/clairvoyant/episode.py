"""A whole episode, seen in hindsight: which variants could serve which requests in which epoch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import MOST_SLOTS, Offers
from edge_llm_baselines.residency.transitions import late_s
from edge_llm_env.dynamics.epoch import begin_episode, dispatch
from edge_llm_env.dynamics.params import NodeParams, node_params, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.dynamics.state import class_of
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.workload.workload import Workload


class ModulesEpisode(NamedTuple):
    """Serve as many requests of a workload as possible, each at most once, by modules that are divided anew each epoch.

    A schedule names of every request the epoch that serves it, or NEVER.
    """

    params: NodeParams
    offers: Offers
    able: NDArray[np.bool_]
    """(k, G) whether each variant is accurate enough for the request of each offer."""
    late_s: NDArray[np.float64]
    """(G,) how late after the uplink a variant's modules begin in the epoch in which they load (s)."""
    hosts: NDArray[np.int64]
    """(M,) the variant that each module hosts as the episode begins, loaded."""
    requests: int
    """N, requests on the workload."""

    @classmethod
    def of_workload(cls, scenario: Scenario, workload: Workload, keeps_split: bool) -> ModulesEpisode:
        """The episode of a scenario on a workload, in an environment that keeps T_U and T_D as they are, or not.

        The environment's own dynamics tell who is pending when, in a run that serves nobody. Channels and lengths are
        as they are, whatever the node believes of them: nobody is served with less than that takes.

        Raises ScenarioError where several variants share a flexible split, and where uploads carry over; ValueError
        when more requests are pending at once than a scenario can have slots.
        """
        _check(scenario, keeps_split)
        slots = min(MOST_SLOTS, max(1, workload.requests))
        shown = load_scenario(scenario, **{"epoch.visible_slots": slots, "beliefs": {}})
        simulation = Simulation(shown, 1, hosts_variants=True, keeps_split=keeps_split)
        # Of a mixture of experts, costs depend on the largest batch, and so on the scenario's own slots.
        params = node_params(scenario, hosts_variants=True, keeps_split=keeps_split)
        rule = rule_of(params)
        simulation.load(0, workload)
        state = simulation.state
        begin_episode(rule, simulation.params, state, 0)
        hosts = state.module_variant[0].copy()
        requests, candidates = [], []
        for _ in range(scenario.epoch.episode_epochs):
            beyond = simulation.counters(0)["beyond_visible"]
            if beyond:
                raise ValueError(f"workload: {slots + beyond} requests pend at once, must be at most {slots}")
            requests.append(state.slot_request[0, : state.visible[0]].copy())
            candidates.append(candidates_of_row(state, 0))
            dispatch(rule, simulation.params, state, 0)
        sizes = [len(pending) for pending in requests]
        offers = Offers(
            np.concatenate(requests),
            np.repeat(np.arange(len(sizes)), sizes),
            np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
            Candidates(*(np.concatenate(values) for values in zip(*candidates, strict=True))),
        )
        classes = np.array([class_of(state, 0, request) for request in range(workload.requests)], dtype=np.int64)
        accurate = workload.accuracy_requirement[:, None] <= params.variant_accuracy[:, classes].T
        return cls(params, offers, accurate[offers.request], late_s(params), hosts, workload.requests)


def _check(scenario: Scenario, keeps_split: bool) -> None:
    if scenario.radio.transfers == "carried_over":
        raise ScenarioError(
            f'scenario {scenario.name}: radio.transfers = "carried_over": must be "within_epoch" where modules are '
            "divided"
        )
    if scenario.epoch.split == "flexible" and not keeps_split and len(scenario.variants) > 1:
        raise ScenarioError(
            f'scenario {scenario.name}: epoch.split = "flexible": must be "fixed" for hindsight of several variants'
        )
