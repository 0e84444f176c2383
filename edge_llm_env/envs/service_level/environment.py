"""`EdgeLLM/ServiceLevel-v0`: how well each request is served, and which variants modules hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.envs.base import EpochEnv
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.observation.features import OBSERVATION_OF_VARIANTS
from edge_llm_env.envs.observation.layout import Feature, per_module, per_slot
from edge_llm_env.envs.service_level.kernel import step_row, step_rows
from edge_llm_env.envs.service_level.table import LevelActions, levels_in, table_of
from edge_llm_env.envs.vector import EpochVectorEnv
from edge_llm_env.scenarios import Scenario

if TYPE_CHECKING:
    from edge_llm_env.envs.service_level.viewer import LevelViewer


class LevelMechanism(Mechanism):
    """A mechanism whose actions name a level for each slot and a variant for each module."""

    def action_space(self, scenario: Scenario) -> spaces.MultiDiscrete:
        """Levels of every slot, then variants of every module."""
        slots, modules = scenario.epoch.visible_slots, scenario.node.modules
        return spaces.MultiDiscrete([1 + levels_in(scenario)] * slots + [1 + len(scenario.variants)] * modules)


LEVEL = Feature(
    "level",
    "",
    "0: not now; 1 + (2g + b)·C + c: by variant g, those of its modules that have loaded (b = 0) or that load in this "
    "epoch (b = 1), with compression c of C, 0 for the whole prompt",
)
TARGET = Feature("target", "", "0: the module stays as it is; 1 + g: it holds variant g")

MECHANISM = LevelMechanism(
    action=(per_slot(LEVEL), per_module(TARGET)),
    space=None,
    step_row=step_row,
    step_rows=step_rows,
    observation=OBSERVATION_OF_VARIANTS,
    rows_per_thread=64,
    hosts_variants=True,
    keeps_split=True,
    foresees=True,
)


class ServiceLevelEnv(EpochEnv[NDArray[np.integer]]):
    """How well each request is served: by which variant, with how much of its prompt; and what the modules hold.

    **Action** `MultiDiscrete`, an entry for each of the Q slots and then for each of the M modules. That of a slot is
    0, not now, or a level, 1 + (2g + b)·C + c: variant g, from the cheapest on (`scenario.variants`); b = 0 for those
    of its modules that have loaded, 1 for those that load before the epoch is over; and compression c, 0 for the whole
    prompt and else `node.compression_levels[c - 1]`, of C in all. That of a module is 0, as it is, or 1 + g: it holds
    variant g, which it first loads unless it holds or loads it already. Modules load as in `Compute-v0`: weight bytes /
    storage bandwidth and `node.engine_start_s`, from the start of the epoch on, and those of a variant work as one.

    From slot 0 on, each request joins the batch of its level if that is accurate enough for it and the batch stays
    feasible: in time, in memory, and in what is left of both bands, which all batches share. The others stay pending
    and are counted in `info["not_admitted"]`. Of a prompt of s tokens compression leaves ⌈s/r⌉ and a part of the
    accuracy; on the node the compressor's time is part of its batch's, on the user's device it shortens the upload.
    Who can be computed whole by no variant any more expires, whatever compression could do. T_U and T_D are the
    scenario's, even where `epoch.split` is flexible.

    **Observation** `Box(0, 1)`: see `edge_llm_env.envs.observation`; a slot's compute time and memory are those of the
    cheapest variant that can serve it on all modules, its prompt whole.

    **Reward**: the scenario's weights times served, tokens, energy and expired; `info["reward_terms"]` sums to it. With
    `workload.value` = "accuracy" a request served counts as much as the accuracy that it is served with.

    **Episode**: begins with the modules divided evenly and loaded, truncated after `epoch.episode_epochs` steps.

    `edge_llm_baselines.levels.decoding.LevelDecoding` has numbers in -1..1 for an action: what each request is worth,
    for which the best levels are found, and logits of the modules as in `Compute-v0`; 0 is the best of the epoch.

    **What to expect**: with the modules as they are there is little to learn, as exact search finds the best levels of
    an epoch. What commits the node for longer is what the modules load, as in `specialists`: there whoever moves them
    ahead of the phases of demand serves more, and what is learned in `Compute-v0` of modules plays here with exact
    levels (`edge-llm train levels`).
    """

    mechanism = MECHANISM

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Load, serve by levels, and end the epoch."""
        if self.viewer is not None:
            cast("LevelViewer", self.viewer).asked(self._checked(action).entries[: self.simulation.slots])
        return super().step(action)

    def _new_viewer(self, render_mode: str) -> LevelViewer:
        from edge_llm_env.envs.service_level.viewer import LevelViewer

        return LevelViewer(self.simulation, render_mode, self.metadata["render_fps"])

    def _checked(self, action: Any) -> LevelActions:
        return _checked_levels(action, (), self.scenario)


class ServiceLevelVectorEnv(EpochVectorEnv):
    """The native vector form of `ServiceLevelEnv`: actions of shape (R, Q + M)."""

    mechanism = MECHANISM

    def _checked(self, actions: Any) -> Any:
        return _checked_levels(actions, (self.num_envs,), self.scenario)


def _checked_levels(action: Any, rows: tuple[int, ...], scenario: Scenario) -> LevelActions:
    """Actions as kernels take them.

    Raises ValueError when the shape differs, or an entry is not a whole number that the space has.
    """
    most = MECHANISM.action_space(scenario).nvec
    shape = (*rows, len(most))
    try:
        given = np.asarray(action)
    except ValueError:
        raise ValueError(f"action of parts of unequal length: must be whole numbers of shape {shape}") from None
    if given.shape != shape or given.dtype.kind not in "iu":
        raise ValueError(
            f"action of shape {given.shape} and dtype {given.dtype}: must be whole numbers of shape {shape}"
        )
    wrong = (given < 0) | (given >= most)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(f"action[{', '.join(map(str, at))}] = {given[at]}: must be in 0..{most[at[-1]] - 1}")
    return LevelActions(np.array(given, dtype=np.int64, order="C"), table_of(scenario))
