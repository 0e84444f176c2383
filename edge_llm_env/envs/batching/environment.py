"""`EdgeLLM/Batching-v0`: admit one request at a time, or dispatch the epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.batching import kernel_of_calls
from edge_llm_env.envs.batching.kernel import step_row, step_rows
from edge_llm_env.envs.calls.mechanism import serving_calls
from edge_llm_env.envs.choice import checked_choice, checked_choices
from edge_llm_env.envs.mechanism import Mechanism, MechanismOfScenario
from edge_llm_env.envs.observation.layout import Feature, once, per_slot
from edge_llm_env.envs.vector import EpochVectorEnv

MECHANISM = Mechanism(
    action=(
        per_slot(Feature("admit", "", "admit the request in the slot")),
        once(Feature("dispatch", "", "dispatch the batch, which ends the epoch")),
    ),
    space=spaces.Discrete,
    step_row=step_row,
    step_rows=step_rows,
)

OF_CALLS = serving_calls(MECHANISM, kernel_of_calls.step_row, kernel_of_calls.step_rows)
"""Where requests are the calls of agent tasks."""


class BatchingEnv(EpochEnv[np.int64]):
    """Admission one request at a time (MDP of arXiv 2405.07140's epoch problem, unrolled).

    **Action** `Discrete(Q + 1)`: admit the request in slot 0..Q-1, or dispatch the batch with Q. Admission costs no
    simulated time; dispatch ends the epoch. `action_masks()` and `info["action_mask"]` tell which are valid; a slot
    whose mask is closed dispatches, and counts in `info["invalid_actions"]`.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`.

    **Reward**: the scenario's weights times served, tokens and energy at each admission (an admitted request is served)
    and expired at each dispatch; `info["reward_terms"]` sums to it.

    **Episode**: truncated after `epoch.episode_epochs` dispatches.
    """

    mechanism = MechanismOfScenario(MECHANISM, OF_CALLS)

    def action_masks(self) -> NDArray[np.bool_]:
        """Valid actions, bool of shape (Q + 1,); the name that sb3-contrib looks for."""
        return self.simulation.state.action_mask[0].copy()

    def _checked(self, action: Any) -> Any:
        return checked_choice(action, self.simulation.slots)


class BatchingVectorEnv(EpochVectorEnv):
    """The native vector form of `BatchingEnv`: actions int of shape (R,)."""

    mechanism = MechanismOfScenario(MECHANISM, OF_CALLS)

    def action_masks(self) -> NDArray[np.bool_]:
        """Valid actions of each row, bool of shape (R, Q + 1)."""
        return self.simulation.state.action_mask.copy()

    def _checked(self, actions: Any) -> NDArray:
        return checked_choices(actions, self.num_envs, self.simulation.slots)
