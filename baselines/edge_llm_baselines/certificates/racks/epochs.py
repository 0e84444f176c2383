"""One epoch of a rack, as its clairvoyant and who knows only the loads' law go through it backwards (compiled)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.racks.economics import economics, profits
from edge_llm_env.rack.epoch import served_by
from edge_llm_env.rack.params import RackParams
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled


class Rack(NamedTuple):
    """What a rack with groups of one size serves, earns and pays in an epoch, as the kernels here read it."""

    gains: NDArray[np.float64]
    """(most that are served + 1, M + 1) what kept modules earn of those who wait, their idle power paid."""
    capacity: NDArray[np.int64]
    """(M + 1,) requests that kept modules serve at most."""
    start_price: float
    """Of a module, all epochs in which it starts."""
    start_epochs: int
    modules_at_start: int

    @classmethod
    def of(cls, params: RackParams) -> Rack:
        """Raises ValueError where sizes of groups are chosen."""
        if len(params.group_sizes) > 1:
            raise ValueError(f"params.group_sizes = {params.group_sizes.tolist()}: must be one size")
        money, size = economics(params), int(params.group_sizes[0])
        groups = [direct(served_by)(size, kept) for kept in range(params.modules + 1)]
        capacity = np.array([count * int(params.largest[together]) for count, together in groups])
        waiting = np.arange(capacity.max() + 1)
        gains = profits(params, waiting, size) - money.idle_price * np.arange(params.modules + 1)
        return cls(gains, capacity, money.idle_price * money.start_epochs, money.start_epochs, params.modules_at_start)

    @property
    def most_served(self) -> int:
        """Requests in an epoch; more than that who wait are like that many, and more than twice who come."""
        return int(self.capacity.max())


@compiled
def serve_waiting(rack: Rack, kept: int, pressing: int, patient: int) -> tuple[float, int]:
    """What kept modules earn of those who have this epoch only and of the patient, and how many of these are left."""
    waiting = pressing + patient
    left = min(patient, max(0, waiting - rack.capacity[kept]))
    return rack.gains[min(waiting, len(rack.gains) - 1), kept], left


@compiled
def decide(rack: Rack, onward: NDArray[np.float64], pressing: int, patient: int, best: NDArray[np.float64]) -> None:
    """What an epoch and those after it are worth with so many modules ready as it begins, written to `best`, (M + 1,).

    Any of those that are ready are kept and serve; where modules start in no time, any number. `onward`, (M + 1,
    B + 1), is what the epochs after it are worth by the modules that are kept and those who wait into the next.
    """
    highest = -np.inf
    for kept in range(len(best)):
        gain, left = serve_waiting(rack, kept, pressing, patient)
        highest = max(highest, gain + onward[kept, min(left, onward.shape[1] - 1)])
        best[kept] = highest
    if rack.start_epochs == 0:
        for ready in range(len(best)):
            best[ready] = highest


@compiled
def look_back(rack: Rack, epoch: int, ready: NDArray[np.float64], onward: NDArray[np.float64]) -> None:
    """From what an epoch is worth by the modules that are ready as it begins to what it is by those kept before it.

    Both are (M + 1, B + 1). Each module that becomes ready was paid while it started; none does before the first can
    have started. Modules that start in no time do not do so before an epoch begins.
    """
    for backlog in range(onward.shape[1]):
        best = -np.inf
        for before in range(len(onward) - 1, -1, -1):
            if rack.start_epochs == 0 or epoch < rack.start_epochs:
                best = ready[before, backlog]
            else:
                best = max(best - rack.start_price, ready[before, backlog])
            onward[before, backlog] = best
