"""What the nodes of a network hold, planned anew in hindsight, node after node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.nodes.clairvoyant.episode import NetworkEpisode
from edge_llm_baselines.nodes.clairvoyant.exchanges import exchanged
from edge_llm_baselines.nodes.clairvoyant.replay import Replayed
from edge_llm_baselines.nodes.clairvoyant.servers import PlacingServer, Server
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_env.residency.residents import IDLE

ROUNDS = 3
"""In which every node is planned anew, or until none is better for it."""

KEPT = (0.0, 0.5, 1.0)
"""Parts of its price that a request is worth less to a node in its plans: others may serve whom many could."""

PASSES = 2
"""In which every batch is chosen anew after a node's plan."""


def replanned(
    episode: NetworkEpisode,
    servers: Sequence[Server],
    played: Replayed,
    prices: NDArray[np.float64],
    rng: np.random.Generator,
) -> Replayed:
    """An episode that serves at least as many, in which nodes of one module each may hold something else.

    A node holds what a longest path over all that it can hold says when a request that others serve is worth nothing to
    it, and any other one less a part of its price, (requests,); then batches are exchanged. It stays with what it held
    where that serves no more. `servers` are those of the episode (`NetworkEpisode.relaxed`). Equal generators, equal
    results.
    """
    best = played
    for _ in range(ROUNDS):
        before = best
        for at, server in enumerate(servers):
            if isinstance(server, PlacingServer):
                for kept in KEPT:
                    other = _with_node_planned(episode, server, at, best, kept * prices, rng)
                    if other.served > best.served:
                        best = other
        if best is before:
            break
    return best


def _with_node_planned(
    episode: NetworkEpisode,
    server: PlacingServer,
    at: int,
    now: Replayed,
    prices: NDArray[np.float64],
    rng: np.random.Generator,
) -> Replayed:
    """The episode with one node planned anew, if it then holds something else at all."""
    mine = (now.schedule != NEVER) & (now.schedule % len(episode.servers) == at)
    elsewhere = (now.schedule != NEVER) & ~mine
    held, ready_s = now.held.copy(), now.ready_s.copy()
    held[:, at, 0], ready_s[:, at, 0] = planned(server.episode, server.computing(np.where(elsewhere, 1.0, prices)))
    if (held == now.held).all():
        return now
    begun = Replayed(np.where(mine, NEVER, now.schedule), held, ready_s)
    return begun._replace(schedule=exchanged(episode.batches(begun), begun.schedule, PASSES, rng))


def planned(episode: ModulesEpisode, computing: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What the only module of a node holds in each epoch, and how long after its start it has loaded that (s).

    Both are (epochs,), as is `computing`: the variant to compute with, or IDLE. The module loads the next one
    as soon as it has computed with another for the last time.
    """
    load_s, epoch_s = episode.params.variant_load_s, episode.params.epoch_s
    following = computing.copy()
    for epoch in range(len(computing) - 2, -1, -1):
        if following[epoch] == IDLE:
            following[epoch] = following[epoch + 1]
    held, ready_s = np.empty(len(computing), dtype=np.int64), np.empty(len(computing))
    variant, left_s = int(episode.hosts[0]), 0.0
    for epoch, wanted in enumerate(following.tolist()):
        if wanted not in (IDLE, variant):
            variant, left_s = wanted, float(load_s[wanted])
        held[epoch], ready_s[epoch] = variant, left_s
        left_s = max(0.0, left_s - epoch_s)
    return held, ready_s
