"""Certified bounds: what no policy that does not know the future can serve on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.dual import lowest_bound
from edge_llm_baselines.certificates.clairvoyant.penalised import PenalisedEpisode
from edge_llm_baselines.certificates.clairvoyant.uploads import PenalisedUploads
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.certificates.clairvoyant.windows import WindowEffort
from edge_llm_baselines.certificates.penalties.penalty import Penalty
from edge_llm_baselines.hindsight.block_bound import Effort
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

ITERATIONS = 150
"""Of the descent of one workload's dual."""

BLOCKS = Effort(30_000_000, most_epochs=8, most_branchings=1000)
"""What is searched of one workload's blocks: half a minute, or some seconds with a tenth of the nodes."""


WINDOWS = WindowEffort(epochs=(10, 17, 25), nodes=1000)
"""What is searched of one workload's windows: ten seconds, or a minute where they are hard."""


class Penalised(Protocol):
    """A workload on which knowing the future is paid for."""

    def value(self, plan: NDArray[Any]) -> float:
        """What a policy serves less its penalty: (requests,) epochs, or (2k,) parts sent and completions."""
        ...


class Certificates(NamedTuple):
    """Bounds of E workloads, whose mean bounds the mean of every policy that does not know the future."""

    bounds: NDArray[np.float64]
    """(E,) the penalised clairvoyant's, from above. One alone bounds nothing: a policy may be lucky on a workload."""
    penalised: Sequence[Penalised]
    """The problems that they are of: `value` of a policy's schedule is what it serves, less its penalty."""


def certified_bounds(
    scenario: Scenario,
    workloads: Sequence[Workload],
    penalty: Penalty,
    iterations: int = ITERATIONS,
    blocks: Effort = BLOCKS,
    windows: WindowEffort = WINDOWS,
) -> Certificates:
    """Information relaxation with a penalty (Brown, Smith and Sun 2010, Operations Research 58(4), Theorem 2.1).

    Whatever a policy serves on average, its penalty is 0 on average, and on each workload what it serves less its
    penalty is at most `bounds`. So the mean of `bounds` over workloads is, up to the error of a mean over as many, at
    least what any such policy serves on average, for any penalty, any number of `iterations` and any search of
    `blocks` and `windows`. Of `Batching-v0` and `BatchSelection-v0`, and of `Bandwidth-v0`, where no division of bands
    serves a batch that the least shares cannot; there, if uploads carry over, of the linear relaxation alone.

    Raises ValueError for no workload or less than one iteration.
    """
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    if iterations < 1:
        raise ValueError(f"iterations = {iterations}: must be at least 1")
    found = [_bounded(scenario, workload, penalty, iterations, blocks, windows) for workload in workloads]
    return Certificates(np.array([bound for bound, _ in found]), [penalised for _, penalised in found])


def _bounded(
    scenario: Scenario, workload: Workload, penalty: Penalty, iterations: int, blocks: Effort, windows: WindowEffort
) -> tuple[float, Penalised]:
    """The bound of one workload, and the problem that it is of."""
    waiting = Waiting.of_workload(scenario, workload)
    differences = penalty.differences(workload, waiting)
    if scenario.radio.transfers == "carried_over":
        uploads = PenalisedUploads.of(UploadEpisode.of_workload(scenario, workload), waiting, differences)
        return uploads.bound(), uploads
    batches = PenalisedEpisode.of(EpisodeProblem.of_workload(scenario, workload), waiting, differences)
    return lowest_bound(batches, iterations, blocks, windows), batches
