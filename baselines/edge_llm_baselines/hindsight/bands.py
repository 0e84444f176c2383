"""Hindsight where bands are divided: the bound and the schedule of the batches that they could carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.encoding import serving
from edge_llm_baselines.hindsight.hindsight import HindsightBounds, one_model_bounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def hindsight_of_bands(
    scenario: Scenario, workloads: Sequence[Workload], rules: Sequence[MakePolicy] = ()
) -> HindsightBounds:
    """What could be served on each workload in `EdgeLLM/Bandwidth-v0`. Raises ValueError for no workload.

    It is `one_model_bounds`, since what bands can carry within an epoch is a matter of batches. Whom an action serves,
    in either form, is a batch whose least shares fit both bands, each request's share being at least its least one;
    where the split is flexible, its parts are at least the least parts, U and D, so that U + t_comp + D fits the epoch
    and every deadline (`edge_llm_env.dynamics.channels.transfer_time_s`). That is feasibility by the additive rule that
    the episode is made of. So what a policy plays is a schedule of that episode, and the bound holds for it; and every
    schedule can be played, each batch with least shares, where its requests are visible. The best schedule known is
    that of the search, or what one of `rules` plays where that serves more.
    """
    found = one_model_bounds(scenario, workloads)
    played = [roll_out(make, BANDWIDTH, scenario, workloads).served for make in rules]
    return found._replace(served=np.max([found.served, *played], axis=0))


class Scheduled:
    """An allocation of `EdgeLLM/Bandwidth-v0` that plays a schedule, the epoch of each request, with least shares."""

    def __init__(self, schedule: NDArray[np.int64]) -> None:
        self.schedule = schedule

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action that serves the epoch's batch, as far as it is visible, and nobody else."""
        state = simulation.state
        requests = state.slot_request[row, : state.visible[row]]
        return serving(simulation, row, self.schedule[requests] == state.counters[row, N_EPOCHS])
