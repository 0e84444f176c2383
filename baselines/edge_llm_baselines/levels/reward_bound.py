"""What nobody earns more than in an episode of `ServiceLevel-v0`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from edge_llm_baselines.hindsight.episode import Offers
from edge_llm_baselines.levels.bounds import compressed
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.margins import times_of
from edge_llm_baselines.residency.clairvoyant.priced.modules import most_by_prices
from edge_llm_env.envs.service_level.table import table_of
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import R_ENERGY, R_EXPIRED, R_SERVED, R_TOKENS
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.workload.workload import Workload


def most_by_levels(scenario: Scenario, workload: Workload) -> float:
    """What nobody earns more than in an episode: the less of two bounds.

    One has prices on requests (`edge_llm_baselines.residency.clairvoyant.priced.modules`). The other is a linear
    programme in which requests and modules have parts.

    Each request is served once at most, at a level that is accurate enough, in an epoch in which it waits; the batches
    of a variant take no more compute time than its modules have, all of them no more of the bands than there is, and a
    module computes nothing in the epochs that it loads through. Loads that are broken off are left out: who never
    begins them has all that they leave. So are memory, slack within a batch, and energy.

    Raises `ScenarioError` where energy or expired requests are paid for, and as `ModulesEpisode.of_workload` does.
    """
    episode = by_compression(ModulesEpisode.of_workload(scenario, workload, keeps_split=True), scenario, workload)
    params, offers = episode.params, episode.offers
    for name, term in (("energy", R_ENERGY), ("expired", R_EXPIRED)):
        if params.reward_weights[term] > 0.0:
            raise ScenarioError(f"scenario {scenario.name}: reward.{name}: must be at most 0 for a bound of the reward")
    times, worth = times_of(episode), worth_of(episode, scenario, workload)
    offer, variant = np.nonzero((worth > 0.0) & np.isfinite(times.takes_s))
    takes_s = times.takes_s[offer, variant] + offers.candidates.compute_s[offer]
    epochs, variants, pairs = len(offers.first) - 1, len(params.variant_accuracy), len(offer)
    has_s = (times.has_s[:, 1:, 0] / np.arange(1, params.modules + 1)).max(axis=1)  # of one module of a variant
    # Variables: pairs of an offer and a variant; then of each variant in each epoch the modules that hold or load it,
    # and those that begin to load it.
    row, held = epochs * variant + offers.epoch[offer], epochs * variants
    cells = np.arange(held)

    def summed(rows: NDArray[np.int64], weights: NDArray[np.float64], count: int) -> Any:
        return sparse.coo_matrix((weights, (rows, np.arange(pairs))), shape=(count, pairs))

    def of_cells(rows: NDArray[np.int64], count: int) -> Any:
        return sparse.coo_matrix((np.ones(held), (rows, cells)), shape=(count, held))

    through = np.floor(params.variant_load_s / params.epoch_s).astype(np.int64)  # epochs that a load goes through
    back = np.arange(epochs)[:, None] - np.arange(epochs)[None, :]
    each: Any = [sparse.csr_matrix(has_s[one] * ((back >= 0) & (back < through[one]))) for one in range(variants)]
    loading = sparse.block_diag(each)
    grown = sparse.block_diag([sparse.identity(epochs) - sparse.eye(epochs, k=-1)] * variants)
    per_cell = sparse.diags(np.repeat(has_s, epochs))
    ones = np.ones(pairs)
    blocks: Any = [
        [summed(row, takes_s, held), -per_cell, loading],
        [None, grown, -sparse.identity(held)],
        [None, of_cells(cells % epochs, epochs), None],
        [summed(offers.epoch[offer], offers.candidates.uplink_share[offer], epochs), None, None],
        [summed(offers.epoch[offer], offers.candidates.downlink_share[offer], epochs), None, None],
        [summed(offers.request[offer], ones, episode.requests), None, None],
    ]
    at_start = np.zeros(held)
    at_start[::epochs] = np.bincount(episode.hosts, minlength=variants)
    limits = np.concatenate(
        [
            np.zeros(held),
            at_start,
            np.full(epochs, params.modules),
            np.ones(2 * epochs + episode.requests),
        ]
    )
    objective = np.concatenate([-worth[offer, variant], np.zeros(2 * held)])
    solve: Any = linprog  # whose types know no sparse matrices
    found = solve(objective, A_ub=sparse.bmat(blocks, format="csr"), b_ub=limits, bounds=(0.0, None))
    return min(float(-found.fun), most_by_prices(episode, worth)) * (1.0 + 1e-9)


def by_compression(episode: ModulesEpisode, scenario: Scenario, workload: Workload) -> ModulesEpisode:
    """The episode with an offer for each compression, whole prompts first, in place of each of its offers."""
    table, offers = table_of(scenario), episode.offers
    compressions, whole = len(table.ratio), offers.candidates
    which = np.tile(np.arange(compressions), len(offers.request))
    one = Candidates(*(np.repeat(values, compressions) for values in whole))
    shorter = compressed(one, table.ratio[which], table.at_user[which])
    candidates = shorter._replace(compute_s=one.compute_s + table.s_per_token[which] * one.prompt_tokens)
    request = np.repeat(offers.request, compressions)
    accuracy = _accuracies(episode, workload, request) * table.retained[which][:, None]
    able = np.repeat(episode.able, compressions, axis=0)
    able &= accuracy >= workload.accuracy_requirement[request][:, None]
    several = Offers(request, np.repeat(offers.epoch, compressions), offers.first * compressions, candidates)
    return episode._replace(offers=several, able=able)


def worth_of(episode: ModulesEpisode, scenario: Scenario, workload: Workload) -> NDArray[np.float64]:
    """What it earns, but for energy, to serve each offer of `by_compression` by each variant, (k, G)."""
    table, weights, offers = table_of(scenario), episode.params.reward_weights, episode.offers
    counted = np.ones(episode.able.shape)
    if table.counts_accuracy:
        which = np.arange(len(offers.request)) % len(table.ratio)
        counted = _accuracies(episode, workload, offers.request) * table.retained[which][:, None]
    tokens = offers.candidates.output_tokens[:, None]
    return np.where(episode.able, weights[R_SERVED] * counted + weights[R_TOKENS] * tokens, 0.0)


def _accuracies(episode: ModulesEpisode, workload: Workload, request: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each variant offers to the class of each of these requests, (k, G)."""
    return episode.params.variant_accuracy[:, workload.request_class[request]].T
