"""The best batch of a group of modules, of those who wait in an epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_env.dynamics.modules import variant_rule
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def best_of_group(
    episode: ModulesEpisode,
    among: NDArray[np.int64],
    worth: NDArray[np.float64],
    variant: int,
    modules: int,
    delay_s: float,
    bands_left: tuple[float, float],
    most_nodes: int,
) -> tuple[NDArray[np.bool_], float]:
    """The most valuable batch among offers, and a bound on its value, of modules that begin `delay_s` after the uplink.

    They have what is left of the bands. `worth` is of the shape of `among`.
    """
    params, offers = episode.params, episode.offers
    size = len(among)
    columns = np.zeros((6, size))
    for i in range(size):
        offer = among[i]
        columns[0, i] = offers.candidates.prompt_tokens[offer]
        columns[1, i] = offers.candidates.output_tokens[offer]
        columns[2, i] = offers.candidates.slack_s[offer] - delay_s
        columns[3, i] = offers.candidates.uplink_share[offer] / bands_left[0]
        columns[4, i] = offers.candidates.downlink_share[offer] / bands_left[1]
        columns[5, i] = offers.candidates.compute_s[offer]
    node = variant_rule(rule_of(params), params, variant, modules, params.window_s - delay_s)
    candidates = Candidates(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], np.zeros(size))
    selected, _, most, _ = best_batch(node, candidates, worth, most_nodes, most_nodes)
    return selected, most
