"""What could be served in `ServiceLevel-v0`, knowing all arrivals."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.hindsight import hindsight_of_modules, modules_hindsight
from edge_llm_env.envs.service_level.table import table_of
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.workload.workload import Workload


def hindsight_of_levels(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """What can be served at least, and what no policy exceeds, of requests served.

    Levels name any assignment of requests to groups of modules that a schedule of `Compute-v0` can have, and modules
    load in the same way; that a loaded module leaves a variant before one that loads is never of use. So schedules of
    `Compute-v0` can be played, and where nothing is compressed its bound, over all assignments, holds. Where prompts
    can be compressed the bound is that of requests whose prompts have always been, as far as any variant's accuracy
    allows, in no time and without a loss: no level costs less. Raises ValueError for no workload.
    """
    if not scenario.node.compression_levels:
        return hindsight_of_modules(COMPUTE, scenario, workloads)
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    started_s = time.perf_counter()
    served, most = [], []
    for workload in workloads:
        episode = ModulesEpisode.of_workload(scenario, workload, keeps_split=True)
        found = modules_hindsight(episode)
        served.append(found.assignment.value)
        most.append(max(found.assignment.value, modules_hindsight(shortened(episode, scenario, workload)).upper_bound))
    return HindsightBounds(np.array(served), np.array(most), (time.perf_counter() - started_s) / len(workloads))


def shortened(episode: ModulesEpisode, scenario: Scenario, workload: Workload) -> ModulesEpisode:
    """The episode with every prompt as short as some level that is accurate enough makes it, and its upload too."""
    ratio = largest_ratios(episode, scenario, workload)[episode.offers.request]
    candidates = episode.offers.candidates
    shorter = compressed(candidates, ratio, np.full(len(ratio), table_of(scenario).at_user.any()))
    return episode._replace(offers=episode.offers._replace(candidates=shorter))


def compressed(candidates: Candidates, ratio: NDArray[np.float64], at_user: NDArray[np.bool_]) -> Candidates:
    """Requests of which 1/`ratio` of the prompt is left, and of the upload where the user's device compresses.

    As `edge_llm_env.envs.service_level.levels.at_level` has it, but for whole units of a band, which may take more.
    """
    tokens = np.maximum(1.0, np.ceil(candidates.prompt_tokens / ratio))
    sent = np.where(at_user, tokens / candidates.prompt_tokens, 1.0)
    return candidates._replace(prompt_tokens=tokens, uplink_share=candidates.uplink_share * sent)


def largest_ratios(episode: ModulesEpisode, scenario: Scenario, workload: Workload) -> NDArray[np.float64]:
    """Of each request of the workload, by how much its prompt can be compressed for it, at least 1."""
    table, params = table_of(scenario), episode.params
    offered = params.variant_accuracy[:, workload.request_class].max(axis=0)  # (requests,)
    enough = offered[:, None] * table.retained >= workload.accuracy_requirement[:, None]
    return np.where(enough, table.ratio, 1.0).max(axis=1)
