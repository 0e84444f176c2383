"""Learned placement by agents of their own: each node decides from its own observation and messages alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.networks.perceptrons import checked_arrays
from edge_llm_agents.placement.fitting import PlacementSettings, best_decoder, examples, trained_weights
from edge_llm_agents.placement.observed import placing_params
from edge_llm_agents.placement.own_view import Memory, OwnView, with_elsewhere
from edge_llm_agents.placement.policy import AHEAD, LAYERS, foretold_shares
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_baselines.nodes.placement.greedy import loads_of_rows
from edge_llm_baselines.nodes.placement.policy import capacities_of
from edge_llm_baselines.nodes.policy import networks_of
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct


class DecentralPlacement:
    """`LearnedPlacement` where nobody sees all: what SB3 calls a policy, once it acts on an environment (`acting`).

    An agent of each node reads its own observation of `edge_llm_env.parallel_env`, messages included, and remembers
    what was in its slots. A perceptron of its own predicts the shares of classes in all arrivals from those in its cell
    and those elsewhere. It works out what all nodes should load, as `LearnedPlacement` does for all at once, from what
    it knows of the others, and loads its own part; it bids alike for all requests.

    Raises ValueError for arrays that are not of the scenario's cells, classes and history.
    """

    env_id = MULTI_NODE

    def __init__(
        self, arrays: dict[str, NDArray[np.float32]], horizon_epochs: int, least_gain: float, scenario: Scenario
    ) -> None:
        self.scenario, self.horizon_epochs, self.least_gain = scenario, horizon_epochs, least_gain
        params = placing_params(scenario)
        seen = 2 * params.history * params.classes
        self.arrays = checked_arrays(arrays, params.cells, seen, AHEAD * params.classes, LAYERS)

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment."""
        return _Acting(self, env)


class _Acting:
    """Agents on an environment, single or vector. Their memory is the recurrent state."""

    def __init__(self, learned: DecentralPlacement, env: Any) -> None:
        networks = networks_of(env)
        (self._simulation,) = {id(one): one for one, _ in networks}.values()
        self._learned = learned
        self._capacity, self._serves, self._loading = capacities_of(self._simulation)
        self._view = OwnView(self._simulation, self._loading)
        params = self._simulation.params
        self._node = np.repeat(np.arange(params.cells), params.modules)
        cells = self._simulation.scenario.cells
        self._per_epoch = sum(cell.workload.arrivals.mean_rate_per_s * cell.epoch.epoch_s for cell in cells)

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Memory | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.float32], Memory]:
        """Actions for observations of shape (length,) or (rows, length), and what the agents remember."""
        agents = self._view.agents
        seen = agents.observations(np.atleast_2d(observation))
        nothing = self._view.nothing(len(seen))
        before = nothing if state is None else state
        if episode_start is not None:
            begins = np.atleast_1d(episode_start)
            before = Memory(*(_where(begins, new, old) for new, old in zip(nothing, before, strict=True)))
        memory = self._view.remembered(seen, before)
        given = np.zeros((*seen.shape[:2], agents.action_length), dtype=np.float64)
        given[:, :, agents.action_length - self._simulation.params.variants :] = self._wishes(seen, memory)
        actions = agents.action(self._simulation, given).astype(np.float32)
        return (actions[0] if observation.ndim == 1 else actions), memory

    def _wishes(self, seen: NDArray[np.float32], memory: Memory) -> NDArray[np.float64]:
        """Each agent's, (rows, N, G)."""
        inputs, known = self._view.inputs(seen, memory), self._view.holdings(seen, memory)
        horizon = self._learned.horizon_epochs
        shares = np.stack([foretold_shares(self._learned.arrays, row)[:, :horizon] for row in inputs])
        least = np.full(len(seen), float(self._learned.least_gain))
        wishes = np.zeros((*seen.shape[:2], self._simulation.params.variants))
        for node in range(seen.shape[1]):
            held = np.ascontiguousarray(known.held[:, node])
            wanted = direct(loads_of_rows)(
                np.ascontiguousarray(self._per_epoch * shares[:, node]),
                held,
                np.ascontiguousarray(known.lag[:, node]),
                self._node,
                self._loading,
                self._capacity,
                self._serves,
                least,
            )
            for row, module in np.argwhere((wanted != held) & (self._node == node)).tolist():
                wishes[row, node, held[row, module]] = -1.0
                wishes[row, node, wanted[row, module]] = 1.0
        return wishes


def _where(begins: NDArray[np.bool_], new: Any, old: Any) -> Any:
    return np.where(begins.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def fit_decentral(
    scenario: Scenario,
    settings: PlacementSettings,
    seed: int = 0,
    report: Callable[[int], None] = lambda step: None,
) -> DecentralPlacement:
    """As `fit_placement`, from what each agent sees; equal seeds, equal weights."""
    seen, ahead = examples(scenario, training_workloads(scenario, seed, 0, settings.episodes))
    everywhere = np.repeat(ahead.sum(axis=1, keepdims=True), seen.shape[1], axis=1)
    weights = trained_weights(with_elsewhere(seen), everywhere, settings, seed, report)
    return best_decoder(lambda horizon, least: DecentralPlacement(weights, horizon, least, scenario), settings, seed)
