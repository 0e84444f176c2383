"""What allocations serve in which epoch, and what a plan serves when it is played."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.allocation.sending import batch_in_turn, shares_beside
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_env.dynamics.epoch import in_slot
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.state import SERVED, NodeState
from edge_llm_env.dynamics.uploads.spare import spare_uplink
from edge_llm_env.envs.bandwidth.environment import BandwidthEnv
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.workload.workload import Workload

NEVER = -1
"""The epoch of a request that is not served."""


def schedules_of(allocation: Allocation, scenario: Scenario, workloads: Sequence[Workload]) -> list[NDArray[np.int64]]:
    """The epoch that serves each request of each workload, from 0, or NEVER: as the allocation plays."""
    env = vector_of(BANDWIDTH, scenario, workloads)
    schedules = [np.full(workload.requests, NEVER) for workload in workloads]
    for epoch, _ in enumerate(play(env, AllocationPolicy(allocation, env), workloads=workloads)):
        for row, schedule in enumerate(schedules):
            _note(schedule, env.unwrapped.simulation.state, row, epoch)
    env.close()
    return schedules


def played(
    scenario: Scenario, workload: Workload, episode: UploadEpisode, sends: NDArray[np.float64], schedule: NDArray
) -> NDArray[np.int64]:
    """The schedule that comes of playing a plan, where every request can be seen.

    `sends` (k,) is the part of its upload that each chance of an episode sends, `schedule` (requests,) the epoch that
    is to compute each request. Who is to be computed, and can be, has what is left of its upload carried; what others
    are to send is cut to what that leaves.
    """
    slots = max(1, workload.requests)
    env = BandwidthEnv(load_scenario(scenario, **{"epoch.visible_slots": slots}), action="shares")
    env.reset(options={"workload": workload})
    simulation, found = env.simulation, np.full(workload.requests, NEVER)
    first = np.searchsorted(episode.epoch, np.arange(episode.epochs + 1))
    # No policy that `play` could step: shares come of a plan by epochs and requests, whatever is observed.
    for epoch in range(episode.epochs):
        chances = slice(first[epoch], first[epoch + 1])
        shares = np.zeros(workload.requests)
        alive = np.isfinite(episode.uplink_share[chances])
        shares[episode.request[chances][alive]] = (sends[chances] * episode.uplink_share[chances])[alive]
        params, state = simulation.params, simulation.state
        shown = state.slot_request[0, : int(state.visible[0])]
        selected = batch_in_turn(params, state, 0, np.flatnonzero(schedule[shown] == epoch))
        rest = np.where(selected, 0.0, shares[shown])
        rest = np.clip(left_by(params, state, selected) - (np.cumsum(rest) - rest), 0.0, rest)
        env.step(shares_beside(simulation, 0, selected, rest))
        _note(found, simulation.state, 0, epoch)
    return found


@compiled_allocating
def left_by(params: NodeParams, state: NodeState, selected: NDArray[np.bool_]) -> float:
    """Share of the uplink that a batch of the only row, bool over the visible slots, leaves."""
    rule, batch = rule_of(params), empty_batch()
    for slot in range(len(selected)):
        if selected[slot]:
            batch = with_request(batch, in_slot(state, 0, slot))
    return spare_uplink(rule, params, batch)


def _note(schedule: NDArray[np.int64], state: NodeState, row: int, epoch: int) -> None:
    """Write the epoch to those that are served now and were not before."""
    schedule[(state.status[row, : len(schedule)] == SERVED) & (schedule == NEVER)] = epoch
