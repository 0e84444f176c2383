"""`EdgeLLM/Scaling-v0`: how many modules of a rack are on, and how many of them work as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.box_action import checked_box, symmetric_box
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.observation.layout import Feature, once
from edge_llm_env.envs.scaling.kernel import begin_rows, hand_out_rows, step_row, step_rows
from edge_llm_env.envs.scaling.observation import OBSERVATION, chooses_groups
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.rack.restoring import checked_rack_state
from edge_llm_env.rack.simulation import RackSimulation
from edge_llm_env.scenarios import Scenario

if TYPE_CHECKING:
    from edge_llm_env.rendering.showing import Showing


class RackMechanism(Mechanism):
    """A mechanism on a rack of modules."""

    def simulation(self, scenario: Scenario, rows: int) -> Any:
        """Rows of a scenario's rack; raises `ScenarioError` for one that it cannot run on."""
        self.check_scenario(scenario)
        return RackSimulation(scenario, rows)


MECHANISM = RackMechanism(
    action=(
        once(
            Feature("change", "", "how many modules more are on, in parts of all M; rounded, 0 changes nothing"),
            Feature(
                "regroup",
                "",
                "with `rack.group_sizes`: how many places further on among its S sizes, in parts of S; rounded, 0 "
                "changes nothing",
                where=chooses_groups,
            ),
        ),
    ),
    space=symmetric_box,
    step_row=step_row,
    step_rows=step_rows,
    observation=OBSERVATION,
    begin_rows=begin_rows,
    hand_out_rows=hand_out_rows,
    checked_state=checked_rack_state,
)


class ScalingEnv(EpochEnv[NDArray[np.floating]]):
    """How many of a rack's modules are on, as the load comes and goes.

    **Action** `Box(-1, 1)` of length 1, or 2: a asks for round(M·a) modules more (or fewer) than are on, of M. A module
    that is switched on starts for `node.engine_start_s` + weight bytes / `node.storage_bandwidth_bytes_per_s`, and
    serves from the first epoch that begins when it has started; of those that are switched off, those that still start
    longest go first. From any number of modules some action leads to any other.

    With `rack.group_sizes` a second entry b chooses how many modules share every matrix over the link of
    `node.parallelism`: b asks for the size round(S·b) places further on among the S that there are. Of a new size all
    modules that stay on start anew, as if they had just been switched on. Modules that share matrices hold the weights
    once among them, though each reads all of them when it starts.

    The rack holds one model, `node.decoder` at `node.precision`. Modules that have started work in groups of
    `rack.modules_per_group` (1: each on its own; left out: all as one, as in arXiv 2405.07140), or of the size that is
    chosen, and each group serves one batch an epoch: as many requests of the scenario's longest lengths as its compute
    window and memory hold, whoever is due first. All requests are computed at these lengths, so that the largest batch
    is a count; T_U and T_D take their time of the epoch, but the bands are taken to be ample, and channels are not
    looked at. A request that requires more accuracy than the model has, or is longer than the scenario's longest, is
    rejected; one that no epoch could answer before its end in time any more expires.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.scaling.observation`: modules and how long they still start,
    who waits, the time of the day, and of the last `rack.history_epochs` epochs arrivals and counts at feeder cells.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it.
    Energy is `rack.idle_power_w` of every module that is on, from when it begins to start, and that of the batches.

    **Info** has `modules_on`, `modules_ready`, `module_epochs` (modules that were on, summed over epochs),
    `module_starts` and `modules_per_group`.

    **Episode**: begins with `rack.modules_at_start` modules on and started, truncated after `epoch.episode_epochs`.
    """

    mechanism = MECHANISM

    def _checked(self, action: Any) -> NDArray[np.float64]:
        return checked_box(action, self.action_space)

    def _new_viewer(self, render_mode: str) -> Showing[Any]:
        from edge_llm_env.envs.scaling.viewer.viewer import RackViewer

        return RackViewer(cast(RackSimulation, self.simulation), render_mode, self.metadata["render_fps"])


class ScalingVectorEnv(EpochVectorEnv):
    """The native vector form of `ScalingEnv`: actions of shape (R, 1), or (R, 2) where groups are chosen."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> NDArray:
        return checked_box(actions, self.action_space)
