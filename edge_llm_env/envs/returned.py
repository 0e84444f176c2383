"""What a vector step returns, and the kernel that writes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from sys import getrefcount
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import N_EPOCHS, RESOURCES
from edge_llm_env.support.compilation.compiling import compiled

Infos = dict[str, Any]

ROWS_AHEAD = 8
"""While a row steps, memory is asked for what the row so many further on will need: time enough for it to come."""


MOST_KEPT = 3
"""Arrays of a kind that are used by turns: one that the caller holds, one that is written, and one more."""


class RowsParams(Protocol):
    """What of a scenario's constants the end of an episode follows from."""

    @property
    def episode_epochs(self) -> int:
        """Epochs after which an episode is truncated."""
        ...


class RowsState(Protocol):
    """What of the state of rows is returned: arrays as `NodeState` has them, with the epochs in the same column."""

    @property
    def counters(self) -> NDArray[np.int64]:
        """(R, counters)"""
        ...

    @property
    def energy_j(self) -> NDArray[np.float64]:
        """(R,)"""
        ...

    @property
    def utilisation(self) -> NDArray[np.float64]:
        """(R, RESOURCES)"""
        ...

    @property
    def reward_terms(self) -> NDArray[np.float64]:
        """(R, terms)"""
        ...

    @property
    def action_mask(self) -> NDArray[np.bool_]:
        """(R, actions)"""
        ...


class Returned(NamedTuple):
    """Arrays over rows that no later step changes while anybody holds one of them."""

    observations: NDArray[np.float32]
    """(R, length)"""
    rewards: NDArray[np.float64]
    """(R,)"""
    truncated: NDArray[np.bool_]
    """(R,)"""
    counters: NDArray[np.int64]
    """(R, counters); this and the following as `NodeState` has them."""
    energy_j: NDArray[np.float64]
    """(R,)"""
    utilisation: NDArray[np.float64]
    """(R, 4)"""
    reward_terms: NDArray[np.float64]
    """(R, terms)"""
    action_mask: NDArray[np.bool_]
    """(R, actions)"""

    def copy(self) -> Returned:
        """Arrays of their own."""
        copies: Any = [array.copy() for array in self]
        return Returned(*copies)

    def infos(self, counters: tuple[str, ...], reward_terms: tuple[str, ...]) -> Infos:
        """As Gymnasium's own vector environments have them: every entry an array, with its `_key` mask."""
        everywhere = np.ones(len(self.rewards), dtype=np.bool_)
        infos = _columns(counters, self.counters, everywhere)
        infos["energy_j"] = self.energy_j
        infos["utilisation"] = _columns(RESOURCES, self.utilisation, everywhere)
        infos["reward_terms"] = _columns(reward_terms, self.reward_terms, everywhere)
        infos["action_mask"] = self.action_mask
        infos |= dict.fromkeys(("_energy_j", "_utilisation", "_reward_terms", "_action_mask"), everywhere)
        return infos


def _columns(names: tuple[str, ...], array: NDArray, everywhere: NDArray[np.bool_]) -> Infos:
    """The columns of an array by name, each with its mask."""
    infos: Infos = dict(zip(names, array.T, strict=True))
    infos |= dict.fromkeys(_mask_names(names), everywhere)
    return infos


@cache
def _mask_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """What Gymnasium calls the masks of entries."""
    return tuple(f"_{name}" for name in names)


def of_row(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of arrays over rows in dictionaries, the first row's numbers; those that are NaN, of nothing, are left out."""
    return {
        name: of_row(one) if isinstance(one, Mapping) else one.item(0)
        for name, one in found.items()
        if isinstance(one, Mapping) or not np.isnan(one[0])
    }


def spread_over(found: Mapping[str, Any], rows: NDArray[np.intp], count: int) -> Infos:
    """Arrays over those rows, in dictionaries, as entries of infos of `count` rows, with masks that show which.

    As in Gymnasium's infos, what a row lacks, here what is NaN, is 0 and not shown, and what all lack is no entry.
    """
    infos: Infos = {}
    for name, one in found.items():
        nested = isinstance(one, Mapping)
        has = rows if nested else rows[~np.isnan(one)]
        if not len(has):
            continue
        if nested:
            infos[name] = spread_over(one, rows, count)
        else:
            infos[name] = np.zeros(count, dtype=one.dtype)
            infos[name][has] = one[~np.isnan(one)]
        infos[f"_{name}"] = np.zeros(count, dtype=np.bool_)
        infos[f"_{name}"][has] = True
    return infos


def room_to_return(state: RowsState, observations: NDArray[np.float32]) -> Returned:
    """Arrays that are not written yet, for the rows of a state."""
    rows = len(observations)
    return Returned(
        np.empty_like(observations),
        np.empty(rows),
        np.empty(rows, dtype=np.bool_),
        np.empty_like(state.counters),
        np.empty_like(state.energy_j),
        np.empty_like(state.utilisation),
        np.empty_like(state.reward_terms),
        np.empty_like(state.action_mask),
    )


class Room:
    """Arrays that rows return in, each used again once nobody holds it or a view of it.

    Memory that is new in every step would come from the system page by page, and go back to it.
    """

    def __init__(self) -> None:
        self._kept: tuple[list[NDArray], ...] = tuple([] for _ in Returned._fields)

    def to_return(self, state: RowsState, observations: NDArray[np.float32]) -> Returned:
        """What `room_to_return` makes, of rows that are always as many, with what was returned in it before."""
        free = [_free(kept) for kept in self._kept]
        if None in free:
            new: tuple[NDArray, ...] = room_to_return(state, observations)
            for at, (kept, made) in enumerate(zip(self._kept, new, strict=True)):
                if free[at] is None:
                    kept[:] = [*kept[1 - MOST_KEPT :], made]
                    free[at] = len(kept) - 1
        return Returned._make(kept[at] for kept, at in zip(self._kept, free, strict=True) if at is not None)


def _free(kept: list[NDArray]) -> int | None:
    """Which of the arrays nobody holds, nor a view of it; None if there is none."""
    for at in range(len(kept)):
        if getrefcount(kept[at]) == _NOBODY:
            return at
    return None


_ALONE = [np.empty(0)]

_NOBODY = getrefcount(_ALONE[0])
"""References to an array that is only kept."""


@compiled
def hand_out(
    params: RowsParams, state: RowsState, observations: NDArray[np.float32], returned: Returned, row: int
) -> None:
    """Copy what a row returns.

    In the loop over rows, since the thread that wrote it has it in its cache, and keeps it there for the next step.
    """
    hand_out_entries(params, state, observations, returned, row, observations.shape[1])


@compiled
def hand_out_entries(
    params: RowsParams, state: RowsState, observations: NDArray[np.float32], returned: Returned, row: int, entries: int
) -> None:
    """The same of a row whose observation is 0 from that many entries on, so that the rest need not be read."""
    for entry in range(entries):
        returned.observations[row, entry] = observations[row, entry]
    returned.observations[row, entries:] = 0.0
    reward = 0.0
    for term in range(state.reward_terms.shape[1]):
        reward += state.reward_terms[row, term]
        returned.reward_terms[row, term] = state.reward_terms[row, term]
    returned.rewards[row] = reward
    returned.truncated[row] = state.counters[row, N_EPOCHS] >= params.episode_epochs
    for counter in range(state.counters.shape[1]):
        returned.counters[row, counter] = state.counters[row, counter]
    returned.energy_j[row] = state.energy_j[row]
    for resource in range(state.utilisation.shape[1]):
        returned.utilisation[row, resource] = state.utilisation[row, resource]
    for action in range(state.action_mask.shape[1]):
        returned.action_mask[row, action] = state.action_mask[row, action]


@compiled
def hand_out_rows(
    params: RowsParams,
    state: RowsState,
    rows: NDArray[np.intp],
    observations: NDArray[np.float32],
    returned: Returned,
) -> None:
    """Copy what those rows return."""
    for row in rows:
        hand_out(params, state, observations, returned, row)
