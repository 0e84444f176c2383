"""`EdgeLLM/BatchSelection-v0`: name the epoch's whole batch at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.compiling import compiled
from edge_llm_env.dynamics.epoch import admit, dispatch, refresh_mask
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, Constants, Rows, rule_of
from edge_llm_env.envs.base import EpochEnv, Mechanism
from edge_llm_env.envs.observation import copy_observation, observe
from edge_llm_env.vector import EpochVectorEnv


@compiled
def step_row(
    constants: Constants, rows: Rows, row: int, chosen: NDArray[np.int8], observation: NDArray[np.float32]
) -> None:
    """Admit the chosen slots from the first on, each if the batch stays feasible with it, then dispatch."""
    rule = rule_of(constants)
    rows.reward_terms[row, :] = 0.0
    not_admitted = 0
    for slot in range(rows.visible[row]):
        if chosen[slot]:
            if rows.action_mask[row, slot]:
                admit(rule, constants, rows, row, slot)
                refresh_mask(rule, rows, row)
            else:
                not_admitted += 1
    dispatch(rule, constants, rows, row)
    rows.counters[row, N_NOT_ADMITTED] = not_admitted
    observe(rule, constants, rows, row, observation)


@compiled
def step_rows(
    constants: Constants,
    rows: Rows,
    chosen: NDArray[np.int8],
    active: NDArray[np.bool_],
    observations: NDArray[np.float32],
    seen: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Step the active rows from `first` to before `last`, and copy the observations of all of these to `seen`."""
    for row in range(first, last):
        if active[row]:
            step_row(constants, rows, row, chosen[row], observations[row])
        copy_observation(observations, seen, row)


MECHANISM = Mechanism(
    action_space=lambda scenario: spaces.MultiBinary(scenario.epoch.visible_slots),
    step_row=step_row,
    step_rows=step_rows,
)


class BatchSelectionEnv(EpochEnv[NDArray[np.int8]]):
    """One decision per epoch (the epoch problem of arXiv 2405.07140 as one action).

    **Action** `MultiBinary(Q)`: which slots to serve. They are admitted from slot 0 on, each if the batch stays
    feasible with it; the others stay pending and are counted in `info["not_admitted"]`. Empty slots are ignored.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.

    **Episode**: truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> Any:
        return checked_selection(action, (self.simulation.slots,))


class BatchSelectionVectorEnv(EpochVectorEnv):
    """The native vector form of `BatchSelectionEnv`: actions 0 or 1 of shape (R, Q)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_selection(actions, (self.num_envs, self.simulation.slots))


def checked_selection(chosen: Any, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Selections as int8 of that shape; raises ValueError when the shape differs or a value is neither 0 nor 1."""
    chosen = np.asarray(chosen)
    if chosen.shape != shape:
        raise ValueError(f"action of shape {chosen.shape}: must have shape {shape}")
    if not ((chosen == 0) | (chosen == 1)).all():
        raise ValueError("action: every entry must be 0 or 1")
    return np.array(chosen, dtype=np.int8, order="C")  # one layout, so that the kernel is compiled once
