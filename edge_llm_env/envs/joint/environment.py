"""`EdgeLLM/Joint-v0`: values of requests, and with them the bands, the split of the epoch and modules, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.envs.bandwidth import shares as bandwidth_shares
from edge_llm_env.envs.bandwidth.environment import DOWNLINK_PART, DOWNLINK_SHARE, UPLINK_PART, UPLINK_SHARE, VALUE
from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.compute.environment import MODULES
from edge_llm_env.envs.joint import shares, values
from edge_llm_env.envs.mechanism import ChosenMechanism, Mechanism
from edge_llm_env.envs.observation.features import OBSERVATION_OF_VARIANTS
from edge_llm_env.envs.observation.layout import per_slot, per_variant, where_split_is_flexible
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of


def parts_s(params: NodeParams, action: NDArray[np.float64]) -> tuple[float, float]:
    """T_U and T_D (s) of an action that grants shares."""
    return bandwidth_shares.parts_s(params, action, len(action) - 2 - len(params.variant_accuracy))


FORMS = {
    "values": Mechanism(
        action=(per_slot(VALUE), per_variant(MODULES)),
        space=symmetric_box,
        step_row=values.step_row,
        step_rows=values.step_rows,
        observation=OBSERVATION_OF_VARIANTS,
        rows_per_thread=64,
        hosts_variants=True,
        foresees=True,
    ),
    "shares": Mechanism(
        action=(
            per_slot(VALUE),
            per_slot(UPLINK_SHARE),
            per_slot(DOWNLINK_SHARE),
            where_split_is_flexible(UPLINK_PART, DOWNLINK_PART),
            per_variant(MODULES),
        ),
        space=symmetric_box,
        step_row=shares.step_row,
        step_rows=shares.step_rows,
        observation=OBSERVATION_OF_VARIANTS,
        rows_per_thread=64,
        hosts_variants=True,
        parts_s=parts_s,
        grants_bands=True,
        foresees=True,
    ),
}
"""What an action can be, by the name that `action=` takes."""


class JointEnv(EpochEnv[NDArray[np.floating]]):
    """All allocations of an epoch as one decision.

    **Action** `Box(-1, 1)` of length Q + G: what the request in each slot is worth (Q), read as in
    `EdgeLLM/Bandwidth-v0`, and the logits of the variants' modules (G), read as in `EdgeLLM/Compute-v0`. From the
    cheapest variant on, the modules of each that have loaded, and then those that load in this epoch, fill their batch
    with the requests that it is accurate enough for and nobody has taken before, in the order of (1 + a) / (time of its
    transfers + compute time alone), with least shares and least parts; -1 declines. 0 everywhere divides the modules
    evenly and serves the shortest first.

    **With** `action="shares"`, the paper's own variables: the value (1 + a)/2 of the request in each slot (Q), the
    uplink share of each slot (Q), the downlink share of each slot (Q), T_U and T_D where `epoch.split` is flexible (2),
    and the logits of the modules (G). Shares and parts are read as with `action="shares"` in `EdgeLLM/Bandwidth-v0`.
    Requests whose transfers finish both ways, and whose value is not 0, can be computed: from the cheapest variant on,
    each computes the most valuable batch (by `node.batch_selection`) of those that it is accurate enough for and nobody
    has taken before. A share a hair less than a request needs serves nobody, and many independent ones do not add up:
    this form is there for comparison, not to begin with.

    Uploads that carry over are refused: each group of modules computes a batch of its own, and whose batch the band is
    to complete uploads for would be one more decision for every request.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it. A
    request counts 1 whatever value the action gave it.

    **Episode**: begins with the modules divided evenly and loaded, truncated after `epoch.episode_epochs` steps.

    Raises `ScenarioError` for a scenario that is not valid, ValueError for an unknown render mode or `action`.
    """

    mechanism = ChosenMechanism()
    forms = FORMS

    def __init__(self, scenario: str | Path | Scenario, render_mode: str | None = None, action: str = "values") -> None:
        self.form = one_of("action", action, FORMS)
        super().__init__(scenario, render_mode)

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, self.action_space)


class JointVectorEnv(EpochVectorEnv):
    """The native vector form of `JointEnv`: actions of shape (R, length)."""

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
