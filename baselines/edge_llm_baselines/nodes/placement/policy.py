"""Rules of placement as policies, and their numbers tuned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.nodes.placement.forecasts import DemandTimesLife, Forecast, Life, ToldTheOrder
from edge_llm_baselines.nodes.placement.greedy import loads_of_rows
from edge_llm_baselines.nodes.policy import gah_bids, networks_of
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.residency.capacities import lengths
from edge_llm_baselines.residency.transitions import epochs_left
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 3
"""Workloads that numbers are tuned on."""

BEGINS = (0.5, 0.0, 25.0, 1.0, 8.0, 8.0)
"""Where tuning begins: kept, trend, age (s), by cell, horizon (epochs), least gain of a load (requests)."""

GRIDS = (
    (0.2, 0.4, 0.6, 0.8),
    (0.0, 1.0, 2.0),
    (15.0, 20.0, 25.0, 30.0, 40.0, np.inf),
    (0.0, 1.0),
    (6.0, 8.0, 10.0, 12.0),
    (2.0, 8.0, 16.0, 32.0),
)
"""What is tried of each."""

ROUNDS = 2
"""In which each number is tuned with the others as they are then."""

TOLD_HORIZON, TOLD_LEAST = 8, 8.0
"""Of the rule that is told the order: horizon (epochs) and least gain of a load (requests)."""


class PlacementPolicy:
    """Loads what serves most of a forecast's demand (`loads_of`), and bids what requests are worth (GAH).

    `make` gives the forecast of a scenario and so many rows; horizons (epochs) and least gains (requests) are of each
    row. Raises ValueError for an environment in which nothing is placed.
    """

    @checked
    def __init__(
        self,
        env: Any,
        make: Callable[[Scenario, int], Forecast],
        horizon: NDArray[np.int64],
        least: NDArray[np.float64],
    ) -> None:
        networks = networks_of(env)
        (self._simulation,) = {id(one): one for one, _ in networks}.values()
        if not self._simulation.params.places:
            raise ValueError(f"scenario {self._simulation.scenario.name}: network.placement must be true")
        self._forecast = make(self._simulation.scenario, len(networks))
        self._horizon, self._least = horizon, least
        self._capacity, self._serves, self._loading = capacities_of(self._simulation)
        modules = self._simulation.params.modules
        self._node = np.repeat(np.arange(self._simulation.params.cells), modules)

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        simulation = self._simulation
        held, lag = holdings_of(simulation)
        demand = self._forecast.expected(simulation, int(self._horizon.max()))
        within = np.arange(demand.shape[1]) < self._horizon[:, None]
        wanted = direct(loads_of_rows)(
            np.ascontiguousarray(demand * within[..., None]),
            held,
            lag,
            self._node,
            self._loading,
            self._capacity,
            self._serves,
            self._least,
        )
        bids = np.stack([gah_bids(simulation, row) for row in range(len(held))])
        actions = with_wishes(bids[:, : simulation.servers * simulation.slots], simulation, held, wanted)
        return (actions[0] if observation.ndim == 1 else actions), state


def with_wishes(
    bids: NDArray[np.float32], simulation: NetworkSimulation, held: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Actions of bids, (rows, S·Q), with wishes that make modules load what they should hold, both (rows, N·M)."""
    params = simulation.params
    wishes = np.zeros((len(held), params.cells, params.variants), dtype=np.float32)
    for row, module in np.argwhere(wanted != held).tolist():
        node = module // params.modules
        wishes[row, node, held[row, module]] = -1.0
        wishes[row, node, wanted[row, module]] = 1.0
    return np.concatenate((bids, wishes.reshape(len(held), -1)), axis=1)


def holdings_of(simulation: NetworkSimulation) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What each module of the nodes holds or loads, and the epochs in which it does not serve yet; (rows, N·M) each."""
    params, nodes = simulation.params, simulation.state.nodes
    rows = len(simulation.state.counters)
    held = nodes.module_variant.reshape(rows, params.servers, -1)[:, : params.cells].reshape(rows, -1)
    ready_s = nodes.module_ready_s.reshape(rows, params.servers, -1)[:, : params.cells].reshape(rows, -1)
    by_s = simulation.node_params(0).uplink_s
    lag = np.maximum(0, np.ceil((ready_s - by_s) / simulation.scenario.epoch.epoch_s)).astype(np.int64)
    return held.copy(), lag


def capacities_of(
    simulation: NetworkSimulation,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Requests of mean size that each module serves in an epoch with each variant, (N·M, G); which class each variant
    can serve, (G, K); and the epochs that a load takes, (N·M, G).
    """
    capacity, loading = [], []
    for server, cell in enumerate(simulation.scenario.cells):
        asked, params = cell.workload, simulation.node_params(server)
        of_node = []
        for variant in cell.variants:
            cost = variant.batch_cost[0].compute_s
            base_s = cost.base(asked.longest_prompt_tokens, asked.longest_output_tokens)
            each_s = np.mean(
                [cost.marginal(s, n) for s in lengths(asked.prompt_tokens) for n in lengths(asked.output_tokens)]
            )
            of_node.append(max(0.0, (params.window_s - base_s) / each_s))
        left = [epochs_left(params, load_s) for load_s in params.variant_load_s.tolist()]
        capacity += [of_node] * params.modules
        loading += [left] * params.modules
    offered = simulation.node_params(0).variant_accuracy
    low = simulation.scenario.cells[0].workload.accuracy_requirement.low
    return np.array(capacity), offered >= max(low, 0.0), np.array(loading, dtype=np.int64)


def can_place(scenario: Scenario) -> bool:
    """Whether nodes' models are decided on, and lists of token counts say what requests take."""
    network, asked = scenario.network, scenario.workload
    listed = all(isinstance(one, tuple) for one in (asked.prompt_tokens, asked.output_tokens))
    return network is not None and network.placement and listed and network.history_epochs > 0


def is_told(scenario: Scenario) -> bool:
    """Whether there are phases in every cell whose order a rule can be told."""
    return can_place(scenario) and all(cell.workload.classes is not None for cell in scenario.cells)


def following_life(env: Any, numbers: Sequence[float] | NDArray[np.float64]) -> PlacementPolicy:
    """`PlacementPolicy` by `DemandTimesLife`; `numbers`, as GRIDS has them, are of all rows, (6,), or of each."""
    rows = len(networks_of(env))
    kept, trend, age_s, by_cell, horizon, least = np.broadcast_to(np.array(numbers, dtype=np.float64), (rows, 6)).T
    life = Life(kept, trend, age_s, by_cell > 0.5)
    return PlacementPolicy(
        env, lambda scenario, count: DemandTimesLife(scenario, count, life), horizon.astype(np.int64), least.copy()
    )


def told_the_order(env: Any) -> PlacementPolicy:
    """`PlacementPolicy` by `ToldTheOrder`."""
    rows = len(networks_of(env))
    return PlacementPolicy(env, ToldTheOrder, np.full(rows, TOLD_HORIZON), np.full(rows, TOLD_LEAST))


def tune_life(scenario: Scenario, seed: int) -> list[float] | None:
    """The numbers of `following_life` that serve most, number after number; None where nothing is placed.

    Equal seeds, equal numbers.
    """
    if not can_place(scenario):
        return None
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)
    best = list(BEGINS)
    for _ in range(ROUNDS):
        for at, grid in enumerate(GRIDS):
            tried = np.array([[*best[:at], value, *best[at + 1 :]] for value in grid])
            each = np.repeat(tried, TUNING_EPISODES, axis=0)
            played = roll_out(partial(following_life, numbers=each), MULTI_NODE, scenario, workloads * len(grid))
            best[at] = float(grid[int(played.served.reshape(len(grid), -1).sum(axis=1).argmax())])
    return best
