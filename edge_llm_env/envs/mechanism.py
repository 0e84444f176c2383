"""What distinguishes one environment from another: how an agent acts, and what it sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import begin_episode
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.envs.observation.features import OBSERVATION, Extent
from edge_llm_env.envs.observation.kernels import observe
from edge_llm_env.envs.observation.layout import Layout, length
from edge_llm_env.envs.restoring import checked_state
from edge_llm_env.envs.returned import hand_out_rows
from edge_llm_env.scenarios import Scenario, ScenarioError
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def begin_rows(
    params: NodeParams, state: NodeState, beginning: NDArray[np.intp], observations: NDArray[np.float32]
) -> None:
    """Begin an episode on each of those rows, with the workload that it holds, and observe them."""
    rule = rule_of(params)
    for row in beginning:
        begin_episode(rule, params, state, row)
        observe(rule, params, state, row, observations[row])


class Mechanism(NamedTuple):
    """How an agent acts, and what it sees: what distinguishes one environment from another."""

    action: Layout
    """What the entries of an action are; of a `Discrete` one, what each of its values does."""
    space: Callable[[int], spaces.Space] | None
    """The action space of that many entries; None where that says too little, and `action_space` is another."""
    step_row: Callable[..., None]
    """Compiled `(params, state, row, action, observation (length,))`: take one step of one row."""
    step_rows: Callable[..., None]
    """Compiled `(params, state, actions, active, observations (R, length), returned, turns, thread)`: step the active
    ones of the rows that are the thread's (`next_rows`), and copy what all of these return (`Returned`)."""
    observation: Layout = OBSERVATION
    """What the entries of an observation are."""
    begin_rows: Callable[..., None] = begin_rows
    """Compiled `(params, state, beginning, observations (R, length))`: begin an episode on each of those rows, with the
    workload that it holds, and write its first observation. A mechanism of another observation has its own."""
    hand_out_rows: Callable[..., None] = hand_out_rows
    """Compiled `(params, state, rows, observations (R, length), returned)`: copy what those rows return. One of its own
    where parameters and state are."""
    checked_state: Callable[..., Any] = checked_state
    """`(arrays by name, simulation)`: the state of rows of them, or ValueError naming the array that kernels could not
    go on from."""
    at_the_end: Callable[[Any, NDArray[np.intp]], dict[str, Any]] | None = None
    """`(simulation, rows)`: what `info` tells beside the rest of rows whose episode has just ended, arrays over them in
    dictionaries; None where that is nothing."""
    rows_per_thread: int = 256
    """Fewer rows do not repay waking a thread, and training with few leaves the cores to torch."""
    hosts_variants: bool = False
    """The node's modules are divided among its variants."""
    keeps_split: bool = False
    """T_U and T_D are the scenario's even where the split is flexible."""
    grants_bands: bool = False
    """Actions grant shares of the bands; without it transfers take the least that suffices."""
    carries_over: bool = False
    """It plays scenarios whose uploads carry over from epoch to epoch."""
    plays_networks: bool = False
    """It plays scenarios of several cells."""
    foresees: bool = False
    """Observations tell what channels are expected to become."""
    reward_terms: tuple[str, ...] = REWARD_TERMS
    """Names of what a reward is the sum of."""
    simulates: Callable[[Scenario, int], Any] | None = None
    """`(scenario, rows)`: the rows of a scenario with agent tasks; None where requests are on their own."""
    parts_s: Callable[[NodeParams, NDArray[np.float64]], tuple[float, float]] | None = None
    """T_U and T_D (s) of an action that divides the epoch; None where actions do not."""

    def check_scenario(self, scenario: Scenario) -> None:
        """Raise `ScenarioError` for a scenario that only other environments play.

        That is one of several cells where there is one node, one of agent tasks where requests are on their own, one
        whose uploads carry over where nobody divides the bands, or variants share them, and one in which some requests
        have images where there are several nodes, or variants, which would each take another time to encode them.
        """
        if scenario.counts_images and (self.hosts_variants or self.plays_networks):
            raise ScenarioError(
                f"scenario {scenario.name}: node.images: must be in every request, and of upload_bytes = 0, here, or "
                "the environment EdgeLLM/Batching-v0, EdgeLLM/BatchSelection-v0 or EdgeLLM/Bandwidth-v0, with one "
                "node that works as one"
            )
        if scenario.workload.tasks is not None and self.simulates is None:
            raise ScenarioError(
                f"scenario {scenario.name}: workload.tasks: must be left out here, or the environment "
                "EdgeLLM/Batching-v0, EdgeLLM/BatchSelection-v0 or EdgeLLM/ContinuousBatching-v0, which serve the "
                "calls of tasks"
            )
        if scenario.network is not None and not self.plays_networks:
            raise ScenarioError(
                f"scenario {scenario.name}: network: must be left out here, or the environment EdgeLLM/MultiNode-v0, "
                "which has several nodes"
            )
        if scenario.radio.transfers == "carried_over" and not self.carries_over:
            why = (
                "computes one batch: whose batch an upload completes for, of several variants, is not modelled"
                if self.hosts_variants
                else "divides the bands"
            )
            raise ScenarioError(
                f'scenario {scenario.name}: radio.transfers = "carried_over": must be "within_epoch" here, or the '
                f"environment EdgeLLM/Bandwidth-v0, which {why}"
            )

    def simulation(self, scenario: Scenario, rows: int) -> Simulation:
        """Rows of a scenario as the mechanism needs them; raises `ScenarioError` for one that it cannot run on."""
        self.check_scenario(scenario)
        if self.simulates is not None:
            return self.simulates(scenario, rows)
        if self.hosts_variants:
            try:
                scenario.check_variants_fit_a_module()
            except ValueError as error:
                raise ScenarioError(f"scenario {scenario.name}: {error}") from None
        return Simulation(
            scenario,
            rows,
            hosts_variants=self.hosts_variants,
            keeps_split=self.keeps_split,
            grants_bands=self.grants_bands,
            foresees=self.foresees,
        )

    def extent(self, scenario: Scenario) -> Extent:
        """How an observation can be taken apart."""
        return Extent.of(self.observation, scenario)

    def observation_length(self, scenario: Scenario) -> int:
        """Entries of an observation."""
        return length(self.observation, scenario)

    def action_space(self, scenario: Scenario) -> spaces.Space:
        """The action space of a scenario."""
        assert self.space is not None, "a mechanism without one has an action_space of its own"
        return self.space(length(self.action, scenario))

    def observation_space(self, scenario: Scenario) -> spaces.Space[NDArray[np.float32]]:
        """The observation space of a scenario: every entry in 0..1."""
        shape = (self.observation_length(scenario),)
        return cast("spaces.Space[NDArray[np.float32]]", spaces.Box(0.0, 1.0, shape=shape, dtype=np.float32))


class ChosenMechanism:
    """The mechanism of an environment whose action has several forms: that of its `form`, by default the first.

    An attribute that is looked up, not kept, since mechanisms hold functions that no copy in another process could.
    """

    def __get__(self, env: Any, owner: Any) -> Mechanism:
        mechanism: Mechanism = owner.forms[getattr(env, "form", next(iter(owner.forms)))]
        return mechanism


class MechanismOfScenario:
    """The mechanism of an environment that serves requests on their own and the calls of agent tasks: as its scenario
    has them; of the class that of requests. Looked up as `ChosenMechanism` is.
    """

    def __init__(self, of_requests: Mechanism, of_calls: Mechanism) -> None:
        self._of_requests, self._of_calls = of_requests, of_calls

    def __get__(self, env: Any, owner: Any) -> Mechanism:
        scenario = getattr(env, "scenario", None)
        return self._of_requests if scenario is None or scenario.workload.tasks is None else self._of_calls
