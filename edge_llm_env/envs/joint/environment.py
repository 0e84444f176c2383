"""`EdgeLLM/Joint-v0`: values of requests, bands, the split of the epoch and modules, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.bandwidth.environment import DOWNLINK_PART, DOWNLINK_SHARE, UPLINK_PART, UPLINK_SHARE
from edge_llm_env.envs.bandwidth.kernel import parts_s
from edge_llm_env.envs.base import EpochEnv, Mechanism
from edge_llm_env.envs.box_action import checked_box, unit_box
from edge_llm_env.envs.compute.environment import MODULES
from edge_llm_env.envs.joint.kernel import step_row, step_rows
from edge_llm_env.envs.layout import Feature, per_slot, per_variant, where_split_is_flexible
from edge_llm_env.envs.observation import OBSERVATION_OF_VARIANTS
from edge_llm_env.envs.vector import EpochVectorEnv

MECHANISM = Mechanism(
    action=(
        per_slot(Feature("value", "1", "what the request in the slot is worth")),
        per_slot(UPLINK_SHARE),
        per_slot(DOWNLINK_SHARE),
        where_split_is_flexible(UPLINK_PART, DOWNLINK_PART),
        per_variant(MODULES),
    ),
    space=unit_box,
    step_row=step_row,
    step_rows=step_rows,
    observation=OBSERVATION_OF_VARIANTS,
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
        return checked_box(action, self.action_space)


class JointVectorEnv(EpochVectorEnv):
    """The native vector form of `JointEnv`: actions of shape (R, length)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, self.action_space)
