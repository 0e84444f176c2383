"""`EdgeLLM/Bandwidth-v0`: divide the bands among the pending requests, and the epoch among its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.bandwidth.kernel import parts_s, step_row, step_rows
from edge_llm_env.envs.base import EpochEnv, Mechanism
from edge_llm_env.envs.box_action import checked_box, unit_box
from edge_llm_env.envs.layout import Feature, per_slot, where_split_is_flexible
from edge_llm_env.envs.vector import EpochVectorEnv

UPLINK_SHARE = Feature("uplink_share", "1", "share of the uplink band for the request in the slot")
DOWNLINK_SHARE = Feature("downlink_share", "1", "share of the downlink band for the request in the slot")
UPLINK_PART = Feature("uplink_part", "T_E", "T_U, s")
DOWNLINK_PART = Feature("downlink_part", "T_E", "T_D, s")

MECHANISM = Mechanism(
    action=(per_slot(UPLINK_SHARE), per_slot(DOWNLINK_SHARE), where_split_is_flexible(UPLINK_PART, DOWNLINK_PART)),
    space=unit_box,
    step_row=step_row,
    step_rows=step_rows,
    parts_s=lambda params, action: parts_s(params, action, len(action) - 2),
    rows_per_thread=64,
)


class BandwidthEnv(EpochEnv[NDArray[np.floating]]):
    """The bands and the parts of the epoch as decisions; who is computed is left to the node.

    **Action** `Box(0, 1)` of length 2Q, or 2Q + 2 where `epoch.split` is flexible: the uplink share of each slot, the
    downlink share of each slot, then T_U and T_D in units of T_E. The shares of each band over the visible requests,
    and the two parts, are scaled down together where they sum to more than 1; empty slots are ignored. A request is
    uploaded if its share carries it within T_U, ρ·T_U·R ≥ bits, and its answer arrives if its share of the downlink
    does so within T_D; if not, it is not served although it used the bands, and `info["not_admitted"]` counts it.
    Among those that arrive both ways the node computes the batch of `node.batch_selection`, in the time T_C that is
    left and within every deadline. Float64 actions are taken in full precision.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`; the shares shown are the least that suffice, of
    T_E where the split is flexible.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.
    `info["utilisation"]` counts the bands as they are granted.

    **Episode**: truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, self.action_space)


class BandwidthVectorEnv(EpochVectorEnv):
    """The native vector form of `BandwidthEnv`: actions of shape (R, 2Q) or (R, 2Q + 2)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, self.action_space)
