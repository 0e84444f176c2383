"""`EdgeLLM/Bandwidth-v0`: divide the bands among the pending requests, and the epoch among its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.envs.bandwidth import shares, values
from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.mechanism import ChosenMechanism, Mechanism
from edge_llm_env.envs.observation.features import OBSERVATION_OF_BANDS
from edge_llm_env.envs.observation.layout import Feature, once, per_slot, where_split_is_flexible
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of

VALUE = Feature("value", "1", "what the request in the slot is worth, 1 + the entry; -1 declines it")
SPLIT = Feature(
    "split",
    "1",
    "part of the uplink that is kept from the batch for other uploads; below 0, of what it leaves goes 1 + the entry",
    carried_over=True,
)
UPLINK_SHARE = Feature("uplink_share", "1/2", "share of the uplink band for the request in the slot, from -1 for none")
DOWNLINK_SHARE = Feature("downlink_share", "1/2", "share of the downlink band, likewise")
UPLINK_PART = Feature("uplink_part", "", "T_U, from -1 for none over 0 for the scenario's to 1 for T_E")
DOWNLINK_PART = Feature("downlink_part", "", "T_D, likewise")


def parts_s(params: NodeParams, action: NDArray[np.float64]) -> tuple[float, float]:
    """T_U and T_D (s) of an action that grants shares."""
    return shares.parts_s(params, action, len(action) - 2)


FORMS = {
    "values": Mechanism(
        action=(per_slot(VALUE), once(SPLIT)),
        space=symmetric_box,
        step_row=values.step_row,
        step_rows=values.step_rows,
        observation=OBSERVATION_OF_BANDS,
        rows_per_thread=64,
        foresees=True,
        carries_over=True,
    ),
    "shares": Mechanism(
        action=(per_slot(UPLINK_SHARE), per_slot(DOWNLINK_SHARE), where_split_is_flexible(UPLINK_PART, DOWNLINK_PART)),
        space=symmetric_box,
        step_row=shares.step_row,
        step_rows=shares.step_rows,
        observation=OBSERVATION_OF_BANDS,
        parts_s=parts_s,
        rows_per_thread=64,
        grants_bands=True,
        foresees=True,
        carries_over=True,
    ),
}
"""What an action can be, by the name that `action=` takes."""


class BandwidthEnv(EpochEnv[NDArray[np.floating]]):
    """The bands and the parts of the epoch as decisions.

    **Action** `Box(-1, 1)` of length Q: entry a is what the request in the slot is worth, 1 + a; -1 declines it.
    Requests enter a batch in the order of (1 + a) / (time of its transfers over whole bands + compute time alone),
    between equals in that of arrival, each if the batch stays feasible with it: with the least share of both bands that
    carries it, and the least parts of a flexible split. As a request of little slack leaves a batch little time, this
    is done again without the one of least slack, and so on, and the batch worth most is served. So 0 for everyone
    serves the shortest first, and whatever batch is best, some action serves it: 0 for its requests, -1 for the others.
    Within an epoch, where what is not carried whole is lost, dividing the bands is choosing whom to serve: this is a
    selection in disguise, and what is left to learn is who had better wait.

    **With** `action="shares"`, the paper's own variables: `Box(-1, 1)` of length 2Q, or 2Q + 2 where `epoch.split` is
    flexible, the uplink share (1 + a)/2 of each slot, the downlink share of each slot, then T_U and T_D: 0 is the
    scenario's, -1 none and 1 the whole epoch, linear in between. The shares of each band over the visible requests,
    and the two parts, are scaled down together where they sum to more than 1; empty slots are ignored. A request is
    uploaded if its share carries it within T_U, ρ·T_U·R ≥ bits, and its answer arrives if its share of the downlink
    does so within T_D; if not, it is not served although it used the bands. Among those that arrive both ways the node
    computes the batch of `node.batch_selection`, in the time T_C that is left and within every deadline. A share a hair
    less than a request needs serves nobody, and many independent ones do not add up, so that a policy which begins at
    equal shares sees hardly a reward to climb: it is there for comparison, not to begin with.

    **Where uploads carry over** (`radio.transfers = "carried_over"`), what was sent of an upload stays sent, a request
    is computed in the epoch in which its upload completes, and bandwidth is control: who is about to have a better
    channel had better wait, and what a batch leaves is worth something. The order is that of (1 + a) / (time of what
    is left to send over the whole uplink), and the batch is as above, with what is left to send. The uplink that the
    batch leaves goes on in the same order to the requests that are not of it, each what it can use, and nothing to
    those of -1; an upload that the epoch does not compute keeps its last token. Entry Q splits the uplink: 0 is what
    the batch leaves, b > 0 first keeps the part b of it (of T_E where the split is flexible) from the batch, and of
    what a batch leaves only 1 + b is used for b < 0. So 0 everywhere is shortest remaining time, the best rule without
    parameters, but for batches that serve more without their most urgent request: on `embedding-uplink-carried` it
    serves 100.3 % of what the epoch's oracle does, and shortest remaining time 100.4 %; on `mobile-uplink` 100.0 % and
    100.1 %. With `action="shares"`, who is granted too little to complete sends what its share carries.

    `info["not_admitted"]` counts the requests that were of value, or given band, and not served. Float64 actions are
    taken in full precision.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`; the shares shown are the least that suffice, of
    T_E where the split is flexible.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.
    `info["utilisation"]` counts the bands as they are granted.

    **Episode**: truncated after `epoch.episode_epochs` steps.

    Raises `ScenarioError` for a scenario that is not valid, ValueError for an unknown render mode or `action`.
    """

    mechanism = ChosenMechanism()
    forms = FORMS

    def __init__(self, scenario: str | Path | Scenario, render_mode: str | None = None, action: str = "values") -> None:
        self.form = one_of("action", action, FORMS)
        super().__init__(scenario, render_mode)

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, self.action_space)


class BandwidthVectorEnv(EpochVectorEnv):
    """The native vector form of `BandwidthEnv`: actions of shape (R, Q), (R, Q + 1) where uploads carry over, or with
    `action="shares"` (R, 2Q) or (R, 2Q + 2).
    """

    mechanism = ChosenMechanism()
    forms = FORMS

    def __init__(
        self,
        num_envs: int,
        scenario: str | Path | Scenario,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        action: str = "values",
    ) -> None:
        self.form = one_of("action", action, FORMS)
        super().__init__(num_envs, scenario, autoreset_mode, render_mode)

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, self.action_space)
