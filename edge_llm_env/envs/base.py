"""What the environments share: one row stepped as a `gymnasium.Env`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import begin_episode
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS, RESOURCES, NodeState
from edge_llm_env.envs.layout import Layout, length
from edge_llm_env.envs.observation import OBSERVATION, Extent, observe
from edge_llm_env.envs.restoring import checked_state
from edge_llm_env.envs.returned import hand_out_rows, of_row
from edge_llm_env.scenarios import Scenario, ScenarioError, load_scenario
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.naming import one_of, shown
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    from edge_llm_env.rendering.showing import RenderFrame, Showing

Action = TypeVar("Action")


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
    space: Callable[[int], spaces.Space]
    """The action space of that many entries."""
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
    simulates: Callable[[Scenario, int], Simulation] | None = None
    """`(scenario, rows)`: the rows of a scenario with agent tasks; None where requests are on their own."""
    parts_s: Callable[[NodeParams, NDArray[np.float64]], tuple[float, float]] | None = None
    """T_U and T_D (s) of an action that divides the epoch; None where actions do not."""

    def check_scenario(self, scenario: Scenario) -> None:
        """Raise `ScenarioError` for a scenario that only other environments play.

        That is one of several cells where there is one node, one of agent tasks where requests are on their own, and
        one whose uploads carry over where nobody divides the bands, or variants share them.
        """
        if scenario.workload.tasks is not None and self.simulates is None:
            raise ScenarioError(
                f"scenario {scenario.name}: workload.tasks: must be left out here, or the environment "
                "EdgeLLM/Batching-v0 or EdgeLLM/BatchSelection-v0, which serve the calls of tasks"
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


class EpochEnv(gym.Env[NDArray[np.float32], Action], Generic[Action]):
    """One row of a scenario as a Gymnasium environment; a subclass adds the mechanism.

    `scenario` is a preset's name, a path to a TOML file or a `Scenario`. `reset(options={"workload": workload})`
    replays a given `Workload`; without it the workload is drawn from the environment's generator. Episodes are
    truncated after `epoch.episode_epochs` epochs and never terminate. `render_mode` is None, "human", "rgb_array" or
    "ansi".

    Raises `ScenarioError` for a scenario that is not valid, ValueError for an unknown render mode.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (Gymnasium declares it an instance variable)
        "render_modes": ["human", "rgb_array", "ansi"],
        "render_fps": 4,
    }
    mechanism: Mechanism
    forms: ClassVar[Mapping[str, Mechanism]] = {}
    """What an action can be, by the name that `action=` takes, where there is a choice."""

    @checked
    def __init__(self, scenario: str | Path | Scenario, render_mode: str | None = None) -> None:
        if render_mode is not None:
            one_of("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.scenario = load_scenario(scenario)
        self.simulation = self.mechanism.simulation(self.scenario, rows=1)
        self.observation_space = self.mechanism.observation_space(self.scenario)
        self.action_space = self.mechanism.action_space(self.scenario)
        self._observation = np.zeros(self.mechanism.observation_length(self.scenario), dtype=np.float32)
        self._begun = False
        self.viewer: Showing[Any] | None = None if render_mode is None else self._new_viewer(render_mode)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode on `options["workload"]`, or on a workload drawn from the seeded generator."""
        given = checked_options(options, "workload").get("workload")
        if given is not None:
            checked_workload(given, "options['workload']")
        super().reset(seed=seed)
        workload = draw_workload(self.scenario, self.np_random) if given is None else given
        self._begun = True
        self.simulation.load(0, workload)
        everyone = np.zeros(1, dtype=np.intp)
        begin_rows = direct(self.mechanism.begin_rows)
        begin_rows(self.simulation.params, self.simulation.state, everyone, self._observation[None])
        if self.viewer is not None:
            self.viewer.begin(self.spec.id if self.spec is not None else type(self).__name__, workload)
        return self._observation.copy(), self._info()

    def step(self, action: Action) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Take one step of the mechanism; see the subclass for what an action does."""
        if not self._begun:
            raise ResetNeeded("step was called before reset: call reset first")
        simulation, checked = self.simulation, self._checked(action)
        direct(self.mechanism.step_row)(simulation.params, simulation.state, 0, checked, self._observation)
        if self.viewer is not None:
            parts_s = self.mechanism.parts_s
            self.viewer.advance(parts_s(simulation.params, checked) if parts_s is not None else None)
        info = self._info()
        truncated = info["epochs"] >= simulation.params.episode_epochs
        if truncated and self.mechanism.at_the_end is not None:
            info |= of_row(self.mechanism.at_the_end(simulation, np.zeros(1, dtype=np.intp)))
        reward = 0.0
        for term in info["reward_terms"].values():  # as the vector environment adds; since Python 3.12 sum() does not
            reward += term
        return self._observation.copy(), reward, False, truncated, info

    def render(self) -> RenderFrame | None:
        """The epoch that the last step acted in: a window, pixels uint8 of shape (600, 800, 3), or text.

        `edge_llm_env.rendering` says what is shown. Raises `ResetNeeded` before the first reset, and
        `DependencyNotInstalled` for pictures without pygame (extra `viewer`).
        """
        if self.viewer is None:
            modes = ", ".join(self.metadata["render_modes"])
            gym.logger.warn(f"render() shows nothing without a render mode: make the environment with one of {modes}")
            return None
        return self.viewer.render()

    def close(self) -> None:
        """Close the window, if there is one; again does nothing."""
        if self.viewer is not None:
            self.viewer.close()

    def _new_viewer(self, render_mode: str) -> Showing[Any]:
        """What shows the row in a render mode."""
        from edge_llm_env.rendering.viewer import Viewer

        return Viewer(self.simulation, render_mode, self.metadata["render_fps"])

    @abstractmethod
    def _checked(self, action: Action) -> Any:
        """The action as the kernel takes it; raises ValueError when it is not in the action space."""

    def _info(self) -> dict[str, Any]:
        state = self.simulation.state
        info: dict[str, Any] = self.simulation.counters(0)
        info["energy_j"] = state.energy_j.item(0)
        info["utilisation"] = dict(zip(RESOURCES, state.utilisation[0].tolist(), strict=True))
        info["reward_terms"] = dict(zip(self.mechanism.reward_terms, state.reward_terms[0].tolist(), strict=True))
        info["action_mask"] = state.action_mask[0].copy()
        return info


def checked_options(options: dict[str, Any] | None, *known: str) -> dict[str, Any]:
    """The options of a reset, none if there are none; a ValueError names one that is not known."""
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise TypeError(f"options = {shown(options)}: must be a dictionary, of {' and '.join(known)}")
    for name in options:
        one_of("options", name, known)
    return options


def checked_workload(given: Any, name: str) -> Workload:
    """A valid `Workload` as it is given; raises TypeError or ValueError with the option's name when it is not one."""
    if not isinstance(given, Workload):
        raise TypeError(f"{name} = {shown(given)}: must be a Workload")
    try:
        return given.validate()
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def finished(params: NodeParams, state: NodeState) -> NDArray[np.bool_]:
    """Which rows have come to the end of their episode, shape (R,)."""
    return state.counters[:, N_EPOCHS] >= params.episode_epochs
