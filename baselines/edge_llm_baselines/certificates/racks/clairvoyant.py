"""The most that a rack earns whose loads are known, less what is charged for the modules that are ready: exact."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.racks.epochs import Rack, decide, look_back
from edge_llm_baselines.racks.optimum import Chances
from edge_llm_env.rack.params import RackParams
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.workload.workload import Workload


class Loads(NamedTuple):
    """Requests by the first epoch that can serve them, (T,) each."""

    urgent: NDArray[np.int64]
    """Who have that epoch only."""
    patient: NDArray[np.int64]
    """Who have the next one too."""

    @classmethod
    def of(cls, params: RackParams, workload: Workload) -> Loads:
        """Those of a workload; raises ValueError where a request has more than two epochs."""
        first, last = Chances.of(params, workload)
        longest = int((last - first).max(initial=0)) + 1
        if longest > 2:
            raise ValueError(f"workload: a request can be served in {longest} epochs, must be in at most 2")
        epochs = params.episode_epochs
        waits = last > first
        return cls(np.bincount(first[~waits], minlength=epochs), np.bincount(first[waits], minlength=epochs))


def penalised_clairvoyant(rack: Rack, loads: Loads, differences: NDArray[np.float64] | None = None) -> float:
    """The most that modules earn by known loads, less the differences of those that are ready as each epoch begins.

    `differences`, (T, M + 1, B + 1), are by modules and by the backlog, who wait into an epoch that is their last; more
    than B are as B, and None are all 0. How many modules are ready was decided an epoch before, as was the backlog, so
    that differences that are 0 on average, given all that was known then, are so for whoever does not know the future:
    his mean is at most that of this value. A start that is cancelled is not counted; it would only cost. With patience
    of one epoch and no differences it is `racks.optimum.optimum`.
    """
    if differences is None:
        differences = np.zeros((1, 1, 1))
    return float(direct(_penalised)(rack, loads.urgent, loads.patient, differences))


@compiled_allocating
def _penalised(
    rack: Rack, urgent: NDArray[np.int64], patient: NDArray[np.int64], differences: NDArray[np.float64]
) -> float:
    """The dynamic programme, from the last epoch on."""
    modules, most_waiting = len(rack.capacity) - 1, 0
    for epoch in range(len(patient)):
        most_waiting = max(most_waiting, patient[epoch])
    charged = len(differences) == len(urgent)
    ready, onward = np.zeros((modules + 1, most_waiting + 1)), np.zeros((modules + 1, most_waiting + 1))
    best = np.zeros(modules + 1)
    for epoch in range(len(urgent) - 1, -1, -1):
        for backlog in range((patient[epoch - 1] if epoch > 0 else 0) + 1):
            decide(rack, onward, backlog + urgent[epoch], patient[epoch], best)
            for count in range(modules + 1):
                ready[count, backlog] = best[count]
                if charged:
                    ready[count, backlog] -= differences[epoch, count, min(backlog, differences.shape[2] - 1)]
        look_back(rack, epoch, ready, onward)
    return float(onward[rack.modules_at_start, 0])
