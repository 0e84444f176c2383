"""`EdgeLLM/Compute-v0`: divide the node's modules among the variants that it hosts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.compute.kernel import step_row, step_rows
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.observation.features import OBSERVATION_OF_VARIANTS
from edge_llm_env.envs.observation.layout import Feature, per_variant
from edge_llm_env.envs.vector import EpochVectorEnv

MODULES = Feature("modules", "", "half the logit of the modules that host the variant; -1 for none")

MECHANISM = Mechanism(
    action=(per_variant(MODULES),),
    space=symmetric_box,
    step_row=step_row,
    step_rows=step_rows,
    observation=OBSERVATION_OF_VARIANTS,
    rows_per_thread=64,
    hosts_variants=True,
    keeps_split=True,
    foresees=True,
)


class ComputeEnv(EpochEnv[NDArray[np.floating]]):
    """The node's modules as a decision: how many host which variant, a decoder at a precision (`node.variants`).

    **Action** `Box(-1, 1)` of length G, the variants from the cheapest on (`scenario.variants`): logits of the modules
    that host each. All M modules are divided in proportion to exp(2a) - exp(-2), none for -1, so 0 for everyone divides
    them evenly. What is hosted stays while it is less than one module off for every variant; otherwise shares become
    whole modules by largest remainders. From any partition some action leads to any other. A module that comes to a
    variant loads its weights, weight bytes / storage bandwidth and `node.engine_start_s`, from the start of the epoch
    on. Those of a variant that have loaded serve on meanwhile, and work as one, each with the weights in its own
    memory; those that have loaded before the epoch is over serve a batch of their own in what is left of it.

    A request is served by the cheapest variant that is accurate enough for its class and has room: from the cheapest
    on, each variant computes the batch of `node.batch_selection`, by default a largest one, among the requests that
    nobody has taken before, with what is left of the bands. T_U and T_D are the scenario's, even where `epoch.split` is
    flexible.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`; a slot's compute time and memory are those of the
    cheapest variant that can serve it on all modules.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.

    **Episode**: begins with the modules divided evenly and loaded, truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, self.action_space)


class ComputeVectorEnv(EpochVectorEnv):
    """The native vector form of `ComputeEnv`: actions of shape (R, G)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, self.action_space)
