"""The most that a rack earns on average by who knows the law of its loads, and decides only an epoch before."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from edge_llm_baselines.certificates.racks.clairvoyant import Loads
from edge_llm_baselines.certificates.racks.epochs import Rack, decide, look_back, serve_waiting
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled_allocating


class Relaxed(NamedTuple):
    """A Markov decision process whose states are the modules that are ready and who waits, solved exactly.

    Loads of epochs are independent Poisson numbers. Who decides sees that of the epoch that begins, and how many
    modules are ready in the next one is decided then: in a rack that is decided while they start, with less known.
    """

    rack: Rack
    waits: bool
    """Whether requests have two epochs rather than one."""
    expected: NDArray[np.float64]
    """(T, M + 1, B + 1) what an epoch and those after it are worth before its load is known, by the modules that are
    ready as it begins and by the backlog; B is what the rack serves at most, or 0."""
    onward: NDArray[np.float64]
    """(T + 1, M + 1, B + 1) the same by the modules that were kept in the epoch before."""

    @classmethod
    def of(cls, rack: Rack, expected_loads: NDArray[np.float64], waits: bool) -> Self:
        """Of so many requests that can be served from each epoch on, (T,), on average."""
        most_served = rack.most_served
        # more than twice as many as can be served leave as many to the next epoch as can be served in it
        numbers = np.arange(2 * most_served + 1)
        chances = np.array(poisson.pmf(numbers, expected_loads[:, None]))
        chances[:, -1] = poisson.sf(numbers[-1] - 1, expected_loads)
        shape = len(rack.capacity), most_served + 1 if waits else 1
        expected = np.zeros((len(expected_loads), *shape))
        onward = np.zeros((len(expected_loads) + 1, *shape))
        direct(_solve)(rack, chances, waits, expected, onward)
        return cls(rack, waits, expected, onward)

    @property
    def value(self) -> float:
        """What an episode earns on average."""
        return float(self.onward[0, self.rack.modules_at_start, 0])

    def differences(self, loads: Loads) -> NDArray[np.float64]:
        """(T, M + 1, B + 1) what each epoch's load changes in what is expected: 0 on average, and the right charge.

        The penalised clairvoyant earns `value` with it, whatever the loads.
        """
        charged = np.zeros_like(self.expected)
        come = loads.urgent + loads.patient
        direct(_charge)(self.rack, come, self.waits, self.expected, self.onward, charged)
        return charged

    def earned(self, loads: Loads) -> float:
        """What the optimal policy earns of those loads: `value` on average, over loads of that law."""
        return self._played(loads)[0]

    def kept(self, loads: Loads) -> NDArray[np.int64]:
        """(T,) how many modules the optimal policy keeps in each epoch of those loads."""
        return self._played(loads)[1]

    def _played(self, loads: Loads) -> tuple[float, NDArray[np.int64]]:
        kept = np.zeros(len(self.expected), dtype=np.int64)
        come = loads.urgent + loads.patient
        return float(direct(_play)(self.rack, come, self.waits, self.expected, self.onward, kept)), kept


@compiled_allocating
def _solve(
    rack: Rack,
    chances: NDArray[np.float64],
    waits: bool,
    expected: NDArray[np.float64],
    onward: NDArray[np.float64],
) -> None:
    """Fill what is expected and what it is worth to go on, given the probability of every load, (T, loads)."""
    best = np.zeros(expected.shape[1])
    for epoch in range(len(expected) - 1, -1, -1):
        for backlog in range(expected.shape[2]):
            for load in range(chances.shape[1]):
                if chances[epoch, load] > 0.0:
                    pressing, patient = (backlog, load) if waits else (load, 0)
                    decide(rack, onward[epoch + 1], pressing, patient, best)
                    for ready in range(len(best)):
                        expected[epoch, ready, backlog] += chances[epoch, load] * best[ready]
        look_back(rack, epoch, expected[epoch], onward[epoch])


@compiled_allocating
def _charge(
    rack: Rack,
    loads: NDArray[np.int64],
    waits: bool,
    expected: NDArray[np.float64],
    onward: NDArray[np.float64],
    charged: NDArray[np.float64],
) -> None:
    """Fill what each epoch's load changes in what was expected."""
    best = np.zeros(expected.shape[1])
    for epoch in range(len(expected)):
        for backlog in range(expected.shape[2]):
            pressing, patient = (backlog, loads[epoch]) if waits else (loads[epoch], 0)
            decide(rack, onward[epoch + 1], pressing, patient, best)
            for ready in range(len(best)):
                charged[epoch, ready, backlog] = best[ready] - expected[epoch, ready, backlog]


@compiled_allocating
def _play(
    rack: Rack,
    loads: NDArray[np.int64],
    waits: bool,
    expected: NDArray[np.float64],
    onward: NDArray[np.float64],
    kept_in: NDArray[np.int64],
) -> float:
    """What the optimal policy earns; fills how many modules it keeps in each epoch, (T,)."""
    earned, ready, backlog = 0.0, rack.modules_at_start, 0
    modules, most_waiting = expected.shape[1] - 1, expected.shape[2] - 1
    for epoch in range(len(expected)):
        pressing, patient = (backlog, loads[epoch]) if waits else (loads[epoch], 0)
        best, kept = -np.inf, 0
        for count in range((modules if rack.start_epochs == 0 else ready) + 1):
            gain, left = serve_waiting(rack, count, pressing, patient)
            worth = gain + onward[epoch + 1, count, min(left, most_waiting)]
            if worth > best:
                best, kept = worth, count
        gain, left = serve_waiting(rack, kept, pressing, patient)
        earned += gain
        kept_in[epoch] = kept
        backlog, ready = min(left, most_waiting), kept
        if rack.start_epochs > 0 and rack.start_epochs <= epoch + 1 < len(expected):
            best = -np.inf
            for count in range(kept, modules + 1):
                worth = expected[epoch + 1, count, backlog] - rack.start_price * (count - kept)
                if worth > best:
                    best, ready = worth, count
            earned -= rack.start_price * (ready - kept)
    return float(earned)
