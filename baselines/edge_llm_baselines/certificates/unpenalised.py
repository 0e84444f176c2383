"""Bounds without a penalty, where none is known: no policy serves more than who knows all that is to come.

They are hindsight's own bounds without its search for a schedule, which takes most of its time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.certificate import BLOCKS, ITERATIONS, WINDOWS, certified_bounds
from edge_llm_baselines.certificates.clairvoyant.windows import WindowEffort
from edge_llm_baselines.certificates.penalties.penalty import NoPenalty
from edge_llm_baselines.hindsight.block_bound import Effort, rounded
from edge_llm_baselines.residency.clairvoyant.bound import descend
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.priced import most_by_prices
from edge_llm_baselines.tasks.bound import task_bound
from edge_llm_baselines.tasks.windows import Windows
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_baselines.uploads.programme import programme_of
from edge_llm_baselines.uploads.rounding import WHOLE, relaxed
from edge_llm_env.envs.suite import BANDWIDTH, BATCH_SELECTION, BATCHING, COMPUTE
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

BATCHES = (BATCHING, BATCH_SELECTION, BANDWIDTH)
"""Where batches of one model are what is decided, whoever names them, as long as an upload ends within its epoch."""

CALLS = (BATCHING, BATCH_SELECTION)
"""The same of calls of agent tasks."""


def bounded_environments(scenario: Scenario) -> tuple[str, ...]:
    """Ids of the environments whose policies one bound of a scenario holds for.

    Raises ScenarioError for a network, whose other nodes serve too.
    """
    if scenario.network is not None:
        raise ScenarioError(f"scenario {scenario.name}: network = given: must be left out for a certificate")
    if len(scenario.variants) > 1:
        return (COMPUTE,)
    if scenario.workload.tasks is not None:
        return CALLS
    return BATCHES if scenario.radio.transfers == "within_epoch" else (BANDWIDTH,)


def clairvoyant_bounds(
    scenario: Scenario,
    workloads: Sequence[Workload],
    served: NDArray[np.int64],
    iterations: int = ITERATIONS,
    blocks: Effort = BLOCKS,
    windows: WindowEffort = WINDOWS,
) -> NDArray[np.int64]:
    """(E,) what no policy serves more than on each workload, in the environments that `bounded_environments` names.

    `served`, (E,), is what some policy serves: hindsight's descent of modules and that of tasks end there. It is valid
    after any number of `iterations`; `blocks` and `windows` are of batches. Of agent tasks it is tasks completed.

    Raises ValueError for no workload, less than one iteration and another shape, ScenarioError as
    `bounded_environments` does, and RuntimeError should a bound be below what is served, which would refute it.
    """
    environments = bounded_environments(scenario)
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    if iterations < 1:
        raise ValueError(f"iterations = {iterations}: must be at least 1")
    if served.shape != (len(workloads),):
        raise ValueError(f"served of shape {served.shape}: must be ({len(workloads)},)")
    pairs = list(zip(workloads, served.tolist(), strict=True))
    if environments == BATCHES:
        of_batches = certified_bounds(scenario, workloads, NoPenalty(), iterations, blocks, windows).bounds
        bounds = [rounded(bound) for bound in of_batches]
    elif environments == CALLS:
        bounds = [task_bound(Windows.of(scenario, workload), value, iterations) for workload, value in pairs]
    elif environments == (COMPUTE,):
        bounds = [_of_modules(scenario, workload, value, iterations) for workload, value in pairs]
    else:
        bounds = [_of_uploads(scenario, workload) for workload in workloads]
    found = np.array(bounds, dtype=np.int64)
    if (refuted := np.flatnonzero(found < served)).size:
        at = int(refuted[0])
        raise RuntimeError(f"workload {at} of {scenario.name}: bound {found[at]} is below the {served[at]} served")
    return found


def _of_modules(scenario: Scenario, workload: Workload, value: int, iterations: int) -> int:
    episode = ModulesEpisode.of_workload(scenario, workload, True)
    by_hindsight = descend(episode, value, iterations).upper_bound
    return min(by_hindsight, rounded(most_by_prices(episode, episode.able.astype(np.float64), iterations)))


def _of_uploads(scenario: Scenario, workload: Workload) -> int:
    episode = UploadEpisode.of_workload(scenario, workload)
    if not len(episode.request):
        return 0
    programme = programme_of(episode)
    return math.floor(WHOLE - relaxed(programme, programme.limit, np.zeros(len(programme.most)), programme.most).fun)
