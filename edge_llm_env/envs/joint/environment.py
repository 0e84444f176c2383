"""`EdgeLLM/Joint-v0`: values of requests, bands, the split of the epoch and modules, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.bandwidth.kernel import parts_s
from edge_llm_env.envs.base import EpochEnv, Mechanism
from edge_llm_env.envs.box_action import checked_box, unit_box
from edge_llm_env.envs.joint.kernel import action_length, step_row, step_rows
from edge_llm_env.envs.vector import EpochVectorEnv

MECHANISM = Mechanism(
    action_space=lambda scenario: unit_box(action_length(scenario)),
    step_row=step_row,
    step_rows=step_rows,
    rows_per_thread=64,
    hosts_variants=True,
    parts_s=lambda params, action: parts_s(params, action, len(action) - 2 - len(params.variant_accuracy)),
)


class JointEnv(EpochEnv[NDArray[np.floating]]):
    """All allocations of an epoch as one decision.

    **Action** `Box(0, 1)`: the value of the request in each slot (Q), the uplink share of each slot (Q), the downlink
    share of each slot (Q), T_U and T_D in units of T_E where `epoch.split` is flexible (2), and the share of the
    modules that hosts each variant (G). Shares and parts are read as in `EdgeLLM/Bandwidth-v0`, modules as in
    `EdgeLLM/Compute-v0`. Requests whose transfers finish both ways, and whose value is not 0, can be computed: from the
    cheapest variant on, each computes the most valuable batch (by `node.batch_selection`) of those that it is accurate
    enough for and no cheaper one has taken.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it. A
    request counts 1 whatever value the action gave it.

    **Episode**: begins with the modules divided evenly and loaded, truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, (action_length(self.scenario),))


class JointVectorEnv(EpochVectorEnv):
    """The native vector form of `JointEnv`: actions of shape (R, length)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, (self.num_envs, action_length(self.scenario)))
