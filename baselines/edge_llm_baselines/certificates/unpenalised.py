"""Bounds without a penalty, where none is known: no policy serves more than who knows all that is to come.

They are hindsight's own bounds without its search for a schedule, which takes most of its time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.certificate import BLOCKS, ITERATIONS, WINDOWS, certified_bounds
from edge_llm_baselines.certificates.clairvoyant.networks import most_of_networks
from edge_llm_baselines.certificates.clairvoyant.windows import WindowEffort
from edge_llm_baselines.certificates.penalties.penalty import NoPenalty
from edge_llm_baselines.certificates.racks.certificate import clairvoyant_of_rack
from edge_llm_baselines.hindsight.block_bound import Effort, rounded
from edge_llm_baselines.levels.reward_bound import most_by_levels
from edge_llm_baselines.nodes.clairvoyant import bound as of_networks
from edge_llm_baselines.nodes.clairvoyant.episode import NetworkEpisode
from edge_llm_baselines.residency.clairvoyant import bound as of_modules
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.priced.modules import most_by_prices
from edge_llm_baselines.tasks.bound import task_bound
from edge_llm_baselines.tasks.windows import Windows
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_baselines.uploads.programme import programme_of
from edge_llm_baselines.uploads.rounding import WHOLE, relaxed
from edge_llm_env.envs.suite import (
    BANDWIDTH,
    BATCH_SELECTION,
    BATCHING,
    COMPUTE,
    JOINT,
    MULTI_NODE,
    SCALING,
    SERVICE_LEVEL,
)
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

BATCHES = (BATCHING, BATCH_SELECTION, BANDWIDTH)
"""Where batches of one model are what is decided, whoever names them, as long as an upload ends within its epoch."""

CALLS = (BATCHING, BATCH_SELECTION)
"""The same of calls of agent tasks."""


MODULES = (COMPUTE, JOINT)
"""Where modules are divided, whoever names the batches, as long as the parts of the epoch stay as they are."""


def bounded_environments(scenario: Scenario, env_id: str | None = None) -> tuple[str, ...]:
    """Ids of the environments whose policies one bound of a scenario holds for: those with `env_id`, if it is given.

    Raises ScenarioError where that is none that bounds of the scenario are known in.
    """
    if env_id in (SCALING, SERVICE_LEVEL):
        return (env_id,)
    if scenario.network is not None:
        found: tuple[str, ...] = (MULTI_NODE,)
    elif len(scenario.variants) > 1:
        found = MODULES if scenario.epoch.split == "fixed" else (COMPUTE,)
    elif scenario.workload.tasks is not None:
        found = CALLS
    else:
        found = BATCHES if scenario.radio.transfers == "within_epoch" else (BANDWIDTH,)
    if env_id is not None and env_id not in found:
        known = ", ".join((*found, SCALING, SERVICE_LEVEL))
        raise ScenarioError(f"scenario {scenario.name}: no bound is known in {env_id}, must be in one of {known}")
    return found


def clairvoyant_bounds(
    scenario: Scenario,
    workloads: Sequence[Workload],
    gained: NDArray[np.float64],
    iterations: int = ITERATIONS,
    blocks: Effort = BLOCKS,
    windows: WindowEffort = WINDOWS,
    env_id: str | None = None,
) -> NDArray[np.float64]:
    """(E,) what no policy gains more than on each workload, in the environments that `bounded_environments` names.

    That is requests served, tasks completed, or the reward where that counts. `gained`, (E,), is what some policy
    gains: hindsight's descents end there. It is valid after any number of `iterations`; `blocks` and `windows` are of
    batches.

    Raises ValueError for no workload, less than one iteration and another shape, ScenarioError as
    `bounded_environments` does, and RuntimeError should a bound be below what is gained, which would refute it.
    """
    environments = bounded_environments(scenario, env_id)
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    if iterations < 1:
        raise ValueError(f"iterations = {iterations}: must be at least 1")
    if gained.shape != (len(workloads),):
        raise ValueError(f"gained of shape {gained.shape}: must be ({len(workloads)},)")
    pairs = list(zip(workloads, gained.tolist(), strict=True))
    bounds: Sequence[float]
    if environments == BATCHES:
        of_batches = certified_bounds(scenario, workloads, NoPenalty(), iterations, blocks, windows).bounds
        bounds = [rounded(bound) for bound in of_batches]
    elif environments == CALLS:
        bounds = [task_bound(Windows.of(scenario, workload), int(value), iterations) for workload, value in pairs]
    elif COMPUTE in environments:
        bounds = [_of_modules(scenario, workload, int(value), iterations) for workload, value in pairs]
    elif environments == (MULTI_NODE,):
        bounds = [_of_network(scenario, workload, int(value), iterations) for workload, value in pairs]
    elif environments == (SERVICE_LEVEL,):
        bounds = [most_by_levels(scenario, workload) for workload in workloads]
    elif environments == (SCALING,):
        bounds = [clairvoyant_of_rack(scenario, workload) for workload in workloads]
    else:
        bounds = [_of_uploads(scenario, workload) for workload in workloads]
    found = np.array(bounds, dtype=np.float64)
    if (refuted := np.flatnonzero(found < gained)).size:
        at = int(refuted[0])
        raise RuntimeError(f"workload {at} of {scenario.name}: bound {found[at]:g} is below the {gained[at]:g} gained")
    return found


def _of_modules(scenario: Scenario, workload: Workload, value: int, iterations: int) -> int:
    episode = ModulesEpisode.of_workload(scenario, workload, True)
    by_hindsight = of_modules.descend(episode, value, iterations).upper_bound
    return min(by_hindsight, rounded(most_by_prices(episode, episode.able.astype(np.float64), iterations)))


def _of_network(scenario: Scenario, workload: Workload, value: int, iterations: int) -> int:
    episode = NetworkEpisode.of_workload(scenario, workload)
    by_hindsight = of_networks.descend(episode.relaxed(), value, iterations).upper_bound
    nothing = [np.zeros(len(server.offers.request)) for server in episode.servers]
    return min(by_hindsight, rounded(most_of_networks(episode, nothing, iterations)))


def _of_uploads(scenario: Scenario, workload: Workload) -> int:
    episode = UploadEpisode.of_workload(scenario, workload)
    if not len(episode.request):
        return 0
    programme = programme_of(episode)
    return math.floor(WHOLE - relaxed(programme, programme.limit, np.zeros(len(programme.most)), programme.most).fun)
