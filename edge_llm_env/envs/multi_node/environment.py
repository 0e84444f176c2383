"""`EdgeLLM/MultiNode-v0`: one agent bids for every node of a network, and decides what each holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.multi_node.kernel import begin_rows, hand_out_rows, step_row, step_rows
from edge_llm_env.envs.multi_node.observation import OBSERVATION, holdings_of, servers_of
from edge_llm_env.envs.multi_node.restoring import checked_network_state
from edge_llm_env.envs.observation.layout import Block, Feature
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios import Scenario, ScenarioError

if TYPE_CHECKING:
    from edge_llm_env.rendering.showing import Showing


class NetworkMechanism(Mechanism):
    """A mechanism on the nodes of a network."""

    def simulation(self, scenario: Scenario, rows: int) -> Any:
        """Rows of a network; raises `ScenarioError` for a scenario that it cannot run on."""
        self.check_scenario(scenario)
        if not scenario.beliefs.are_true:
            raise ScenarioError(
                f"scenario {scenario.name}: beliefs: must be without errors here, as nodes must know what they share"
            )
        return NetworkSimulation(scenario, rows)


MECHANISM = NetworkMechanism(
    action=(
        Block(
            (Feature("bid", "", "the server's bid for the request in its slot; -1 is none"),),
            "slot of each server",
            lambda scenario: servers_of(scenario) * scenario.epoch.visible_slots,
        ),
        Block(
            (Feature("wish", "", "for the node to hold the variant; up to 1/2 it loads nothing"),),
            "variant of each node",
            holdings_of,
        ),
    ),
    space=symmetric_box,
    step_row=step_row,
    step_rows=step_rows,
    observation=OBSERVATION,
    begin_rows=begin_rows,
    hand_out_rows=hand_out_rows,
    checked_state=checked_network_state,
    rows_per_thread=16,
    plays_networks=True,
)


class MultiNodeEnv(EpochEnv[NDArray[np.floating]]):
    """One epoch of a network per step: several cells with a node each, and a cloud behind the backhaul if the scenario
    has one (`network`). A scenario without a network is one node.

    **Action** `Box(-1, 1)`: for each server, the nodes of the cells in their order and then the cloud, a bid for the
    request in each of its Q slots. A bid a makes the request worth (1 + a) / 2 to the server, rounded up to a multiple
    of 1/1024; -1 is none, and such a request is not served there. The servers then take, one after the other, the
    feasible batch worth most beyond where its requests are assigned by then (GAH, at least half of the most valuable
    assignment where a node computes one batch; `edge_llm_baselines.nodes.decoding` has branch and price in its place).
    Bids for empty slots are ignored. Where `network.placement` lets the
    agent decide what nodes hold, a wish for each of the G variants follows for each node (not for the cloud): the
    variant of the largest wish above 1/2 that no module of the node holds is loaded by the module whose variant has the
    least, if that is less, and so on; 0 for all leaves everything as it is, and so does what explores a little around
    it. A module that loads serves nobody until it has loaded; each variant that has is a batch of its own.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.multi_node.observation`. A request stands in the slots of every
    server that could serve it alone.

    **Reward**: the cells' weights times what their nodes serve, tokens and energy; a request that no server can serve
    any more counts as expired, with the weight of its own cell. What the cloud serves is paid for by the scenario's
    weights, less its price in `tokens`. `info["reward_terms"]` sums to it.

    **Episode**: truncated after `epoch.episode_epochs` steps. `env.unwrapped.simulation.state.served_by` has the server
    of each request that was served. Without a network, all is as in `EdgeLLM/BatchSelection-v0` behind
    `OracleDecoding`, bit for bit.
    """

    mechanism = MECHANISM

    def _new_viewer(self, render_mode: str) -> Showing[Any]:
        from edge_llm_env.envs.multi_node.viewer.viewer import NetworkViewer

        return NetworkViewer(cast(NetworkSimulation, self.simulation), render_mode, self.metadata["render_fps"])

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, self.action_space)


class MultiNodeVectorEnv(EpochVectorEnv):
    """The native vector form of `MultiNodeEnv`: actions of shape (R, length)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, self.action_space)
