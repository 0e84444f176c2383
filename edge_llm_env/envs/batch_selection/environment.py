"""`EdgeLLM/BatchSelection-v0`: name the epoch's whole batch at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.batch_selection import kernel_of_calls
from edge_llm_env.envs.batch_selection.kernel import checked_selection, step_row, step_rows
from edge_llm_env.envs.calls.mechanism import serving_calls
from edge_llm_env.envs.calls.observation import OBSERVATION_WITH_CACHES
from edge_llm_env.envs.mechanism import Mechanism, MechanismOfScenario
from edge_llm_env.envs.observation.layout import Block, Feature, per_slot
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.scenarios import Scenario
from edge_llm_env.task_dynamics.params import kept_slots
from edge_llm_env.task_dynamics.simulation import TaskSimulation

MECHANISM = Mechanism(
    action=(per_slot(Feature("serve", "", "1 to serve the request in the slot")),),
    space=spaces.MultiBinary,
    step_row=step_row,
    step_rows=step_rows,
)


def _dropping(scenario: Scenario, rows: int) -> TaskSimulation:
    return TaskSimulation(scenario, rows, kept_slots(scenario))


OF_CALLS = serving_calls(MECHANISM, kernel_of_calls.step_row, kernel_of_calls.step_rows)._replace(
    action=(
        *MECHANISM.action,
        Block(
            (Feature("release", "", "1 to drop the cache in the slot of those that are kept"),), "kept slot", kept_slots
        ),
    ),
    observation=OBSERVATION_WITH_CACHES,
    simulates=_dropping,
)
"""Where requests are the calls of agent tasks."""


class BatchSelectionEnv(EpochEnv[NDArray[np.int8]]):
    """One decision per epoch (the epoch problem of arXiv 2405.07140 as one action).

    **Action** `MultiBinary(Q)`: which slots to serve. They are admitted from slot 0 on, each if the batch stays
    feasible with it; the others stay pending and are counted in `info["not_admitted"]`. Empty slots are ignored.
    `MultiBinary(2·Q)` where requests are the calls of agent tasks and `workload.tasks.drop_by_action` is true: then
    also which of the caches in kept slots to drop, before anybody is admitted.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.

    **Episode**: truncated after `epoch.episode_epochs` steps.
    """

    mechanism = MechanismOfScenario(MECHANISM, OF_CALLS)

    def _checked(self, action: Any) -> Any:
        return checked_selection(action, (self.simulation.slots + self.simulation.kept_slots,))


class BatchSelectionVectorEnv(EpochVectorEnv):
    """The native vector form of `BatchSelectionEnv`: actions 0 or 1 of shape (R, Q), or (R, 2·Q)."""

    mechanism = MechanismOfScenario(MECHANISM, OF_CALLS)

    def _checked(self, actions: Any) -> NDArray:
        return checked_selection(actions, (self.num_envs, self.simulation.slots + self.simulation.kept_slots))
