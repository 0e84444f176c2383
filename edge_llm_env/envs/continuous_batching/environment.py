"""`EdgeLLM/ContinuousBatching-v0`: schedule an engine's iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.engine.rows.calls import TaskEngineSimulation
from edge_llm_env.engine.rows.percentiles import at_the_end, task_percentiles
from edge_llm_env.engine.rows.restoring import checked_engine_state, checked_task_engine_state
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.choice import checked_choice, checked_choices
from edge_llm_env.envs.continuous_batching.kernel import begin_rows, hand_out_rows, step_row, step_rows
from edge_llm_env.envs.continuous_batching.observation import OBSERVATION
from edge_llm_env.envs.continuous_batching.observation_of_calls import OBSERVATION_OF_CALLS
from edge_llm_env.envs.mechanism import Mechanism, MechanismOfScenario
from edge_llm_env.envs.observation.layout import Block, Feature, per_slot
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.scenarios import Scenario, ScenarioError
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS

if TYPE_CHECKING:
    from edge_llm_env.rendering.showing import Showing


class EngineMechanism(Mechanism):
    """A mechanism on an engine that schedules iterations."""

    def simulation(self, scenario: Scenario, rows: int) -> Any:
        """Rows of a scenario's engine; raises `ScenarioError` for one that it cannot run on."""
        self.check_scenario(scenario)
        if not scenario.beliefs.are_true:
            raise ScenarioError(
                f"scenario {scenario.name}: beliefs: must be without errors here, where `iterations.output_lengths` "
                "says what is known"
            )
        try:
            _ = scenario.iteration_costs
        except ValueError as error:
            raise ScenarioError(f"scenario {scenario.name}: {error}") from None
        return EngineSimulation(scenario, rows) if self.simulates is None else self.simulates(scenario, rows)


MECHANISM = EngineMechanism(
    action=(
        per_slot(Feature("admit", "", "admit the request in the waiting slot")),
        Block(
            (Feature("preempt", "", "preempt the request in the running slot"),),
            "running slot",
            lambda scenario: scenario.iterations.running_slots,
        ),
        per_slot(Feature("drop", "", "drop the request in the waiting slot")),
        Block(
            (Feature("run", "", "run on with the budget of that number: 0, then `iterations.prefill_budgets`"),),
            "budget",
            lambda scenario: 1 + len(scenario.iterations.prefill_budgets),
        ),
    ),
    space=spaces.Discrete,
    step_row=step_row,
    step_rows=step_rows,
    observation=OBSERVATION,
    begin_rows=begin_rows,
    hand_out_rows=hand_out_rows,
    checked_state=checked_engine_state,
    at_the_end=at_the_end,
)

OF_CALLS = MECHANISM._replace(
    action=(
        *MECHANISM.action,
        Block(
            (Feature("release", "", "drop the cache in the slot of those that are kept"),),
            "kept slot",
            lambda scenario: scenario.iterations.running_slots,
        ),
    ),
    observation=OBSERVATION_OF_CALLS,
    checked_state=checked_task_engine_state,
    at_the_end=task_percentiles,
    reward_terms=ALL_TERMS,
    simulates=TaskEngineSimulation,
)
"""Where requests are the calls of agent tasks."""


class ContinuousBatchingEnv(EpochEnv[np.int64]):
    """An engine's iterations ([From epochs to iterations](../iterations.md)): who joins the running batch, who leaves
    it, and how many tokens of prompts are computed beside its decodes.

    **Action** `Discrete(2·Q + B + C)`: admit waiting slot 0..Q-1, preempt running slot 0..B-1, drop waiting slot
    0..Q-1, or run on with one of C prefill budgets. Only running takes simulated time: until a request becomes visible,
    a prefill or a request is done, the next decodes lack blocks, or after `iterations.most_iterations`.
    `action_masks()` and `info["action_mask"]` tell which actions are open; one that is not runs with the least open
    budget, or preempts the youngest where there is none, and counts in `info["invalid_actions"]`. Where requests are
    the calls of agent tasks there are B more actions: drop the cache in a kept slot 0..B-1.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.continuous_batching.observation`.

    **Reward**: the scenario's weights times requests completed within both objectives and their tokens, the energy of
    iterations, and requests that expired: were dropped, or completed outside of one; each when that is settled. With
    `iterations.soft_misses`, a part of the first two for requests that miss an objective by less. Where requests are
    the calls of agent tasks, every token's objective is the deadline of its task, and the scenario's weights times
    tasks completed and failed are paid beside.

    **Info** at the end of an episode has `percentiles`: p50, p90 and p99 of `ttft_s`, `tpot_s` and `end_to_end_s`;
    those of nobody are left out. Where there are tasks it has those of `task_s`, of completed ones.

    **Episode**: `epoch.episode_epochs`·`epoch.epoch_s` of simulated time; `info["epochs"]` counts those that passed.
    """

    mechanism = MechanismOfScenario(MECHANISM, OF_CALLS)

    def action_masks(self) -> NDArray[np.bool_]:
        """Open actions, bool of shape (2·Q + B + C,), and B more for tasks; the name that sb3-contrib looks for."""
        return self.simulation.state.action_mask[0].copy()

    def _new_viewer(self, render_mode: str) -> Showing[Any]:
        from edge_llm_env.envs.continuous_batching.viewer.viewer import EngineViewer

        return EngineViewer(cast(EngineSimulation, self.simulation), render_mode, self.metadata["render_fps"])

    def _checked(self, action: Any) -> Any:
        return checked_choice(action, self.simulation.state.action_mask.shape[1] - 1)


class ContinuousBatchingVectorEnv(EpochVectorEnv):
    """The native vector form of `ContinuousBatchingEnv`: actions int of shape (R,)."""

    mechanism = MechanismOfScenario(MECHANISM, OF_CALLS)

    def action_masks(self) -> NDArray[np.bool_]:
        """Open actions of each row, bool of shape (R, 2·Q + B + C), B more for calls of tasks."""
        return self.simulation.state.action_mask.copy()

    def _checked(self, actions: Any) -> NDArray:
        return checked_choices(actions, self.num_envs, self.simulation.state.action_mask.shape[1] - 1)
