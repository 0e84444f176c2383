"""An episode in which uploads carry over as a programme: linear as a bound, with whole completions exact.

Of each chance of a request i to send, in epoch t, x is the part of its upload that it sends, and y whether the epoch
computes it. Per request Σ y ≤ 1, what is computed is sent by then, Σ_{t' ≤ t} x ≥ Σ_{t' ≤ t} y, and what is not has
kept its last token, of the part τ: Σ_{t' ≤ t} x ≤ 1 - τ·(1 - Σ_{t' ≤ t} y). Per epoch the shares Σ ρ·x of the uplink
and Σ ρ^D·y of the downlink are at most 1, memory and compute time (with the whole uplink part where the split is
flexible) fit, and whoever has less slack than the window W keeps the others to it: t + (W - slack_i)·y_i ≤ W.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_env.feasibility.rule import TOLERANCE
from edge_llm_env.inference.batch_cost import AffineCost

WITHIN = 1e-6
"""Of a capacity: more than HiGHS's tolerance of 1e-7, to which rows are kept."""


class Programme(NamedTuple):
    """Maximise Σ y over rows·(x, y) ≤ limit, 0 ≤ (x, y) ≤ most: 2k variables for k chances, x before y."""

    rows: csr_array
    limit: NDArray[np.float64]
    inner: NDArray[np.float64]
    """`limit`, less a little of every capacity, so that what HiGHS finds within its tolerance is within the rule's."""
    most: NDArray[np.float64]


class _Rows:
    def __init__(self) -> None:
        self.columns: list[NDArray[np.int64]] = []
        self.values: list[NDArray[np.float64]] = []
        self.limit: list[float] = []
        self.capacities = 0

    def capacity(self, columns: list[NDArray[np.int64]], values: list[NDArray[np.float64]], limit: float) -> None:
        """A row of a capacity; these come first."""
        self.capacities += 1
        self.add(columns, values, limit * (1.0 + TOLERANCE))

    def add(self, columns: list[NDArray[np.int64]], values: list[NDArray[np.float64]], limit: float) -> None:
        """A row; one of bytes or seconds as parts of its limit, so that HiGHS meets numbers of one size."""
        scale = limit if limit > 0.0 else 1.0
        self.columns.append(np.concatenate(columns))
        self.values.append(np.concatenate(values) / scale)
        self.limit.append(limit / scale)

    def matrix(self, variables: int) -> csr_array:
        if not self.columns:
            return csr_array((0, variables))
        starts = np.concatenate([[0], np.cumsum([len(columns) for columns in self.columns])])
        rows = csr_array(
            (np.concatenate(self.values), np.concatenate(self.columns), starts), shape=(len(self.limit), variables)
        )
        rows.sum_duplicates()  # HiGHS takes no column twice
        return rows


def programme_of(episode: UploadEpisode) -> Programme:
    """The programme of an episode.

    A batch costs what its requests cost alone at their own lengths, without what it costs whoever is in it and without
    padding: exact where there is neither, and never too much, so that its maximum is a bound in any case.
    """
    size, rule, params = len(episode.request), episode.rule, episode.params
    alive = np.isfinite(episode.uplink_share) & np.isfinite(episode.downlink_share)
    share = np.where(alive, episode.uplink_share, 0.0)
    down = np.where(alive, episode.downlink_share, 0.0)
    compute_s, memory = marginal(rule.compute_s, episode), marginal(rule.memory_bytes, episode)
    rows = _Rows()
    first = np.searchsorted(episode.epoch, np.arange(episode.epochs + 1))
    for epoch in range(episode.epochs):
        x = np.arange(first[epoch], first[epoch + 1])
        if not len(x):
            continue
        y = x + size
        rows.capacity([x], [share[x]], 1.0)
        rows.capacity([y], [down[x]], 1.0)
        rows.capacity([y], [memory[x]], rule.memory_limit_bytes - rule.memory_bytes.base.constant)
        time, used = [y], [compute_s[x]]
        if params.flexible_split:
            time, used = [x, y], [share[x] * params.uplink_s, compute_s[x] + down[x] * params.downlink_s]
        rows.capacity(time, used, rule.window_s)
        for i in x[episode.slack_s[x] < rule.window_s]:
            less = np.array([rule.window_s - episode.slack_s[i]])
            rows.capacity([*time, np.array([size + i])], [*used, less], rule.window_s)
    order = np.lexsort((episode.epoch, episode.request))
    for of_request in np.split(order, np.flatnonzero(np.diff(episode.request[order])) + 1):
        if not len(of_request):
            continue
        ones = np.ones(len(of_request))
        rows.add([of_request + size], [ones], 1.0)
        token = float(episode.last_token[of_request[0]])
        for k in range(1, len(of_request) + 1):
            until = [of_request[:k] + size, of_request[:k]]
            rows.add(until, [ones[:k], -ones[:k]], 0.0)
            rows.add(until, [-token * ones[:k], ones[:k]], 1.0 - token)
    limit = np.array(rows.limit)
    inner = limit.copy()
    inner[: rows.capacities] -= WITHIN
    return Programme(rows.matrix(2 * size), limit, inner, np.tile(alive.astype(np.float64), 2))


def marginal(cost: AffineCost, episode: UploadEpisode) -> NDArray[np.float64]:
    """What each chance's request adds to a cost at its own lengths."""
    lengths = zip(episode.prompt_tokens.tolist(), episode.output_tokens.tolist(), strict=True)
    return np.array([cost.marginal(s, n) for s, n in lengths], dtype=np.float64)
