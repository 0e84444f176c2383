"""One epoch of service levels as an optimisation problem: which group of modules serves whom, how compressed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.feasibility.rule import within

NOBODY = -1
"""The group of a request that none serves."""


class Choice(NamedTuple):
    """Who is served, and how."""

    group_of: NDArray[np.int64]
    """(n,) the group that serves each request, or NOBODY."""
    compression_of: NDArray[np.int64]
    """(n,) how its prompt is compressed; 0, whole, where nobody serves it."""


@dataclass(frozen=True, eq=False)
class LevelsProblem:
    """A multiple choice: max Σ v_igc x_igc, of each request at most one pair of a group and a compression.

    `groups` holds a `BatchProblem` for each group of modules, of the same n·C items: item i·C + c is request i with
    compression c, with what it costs there and what it is worth. Each group's batch is feasible, and all together keep
    to both bands. Items of value 0 are never chosen.

    Raises ValueError when there is no group, or their items are not n·C.
    """

    groups: tuple[BatchProblem, ...]
    compressions: int

    def __post_init__(self) -> None:
        sizes = {len(group) for group in self.groups}
        if len(sizes) != 1:
            raise ValueError(f"groups have {sorted(sizes)} items: must be one number")
        if self.compressions < 1 or sizes.pop() % self.compressions:
            raise ValueError(f"compressions = {self.compressions}: must divide the items of a group")

    def __len__(self) -> int:
        return len(self.groups[0]) // self.compressions

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """(groups, n, C)"""
        return np.array([group.values for group in self.groups]).reshape(len(self.groups), -1, self.compressions)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Of the uplink and of the downlink, (2, groups, n, C)."""
        both = [(group.candidates.uplink_share, group.candidates.downlink_share) for group in self.groups]
        return np.array(both).swapaxes(0, 1).reshape(2, *self.values.shape)

    def selected(self, choice: Choice, group: int) -> NDArray[np.bool_]:
        """The items of a group's batch, (n·C,)."""
        selected = np.zeros((len(self), self.compressions), dtype=np.bool_)
        mine = np.flatnonzero(choice.group_of == group)
        selected[mine, choice.compression_of[mine]] = True
        return selected.reshape(-1)

    def is_feasible(self, choice: Choice) -> bool:
        """Whether all batches can be served side by side."""
        served = np.flatnonzero(choice.group_of != NOBODY)
        used = self.shares[:, choice.group_of[served], served, choice.compression_of[served]].sum(axis=1)
        return all(within(float(one), 1.0) for one in used) and all(
            not (batch := self.selected(choice, at)).any() or group.is_feasible(batch)
            for at, group in enumerate(self.groups)
        )

    def value(self, choice: Choice) -> float:
        """Σ v_igc over those served."""
        served = np.flatnonzero(choice.group_of != NOBODY)
        return float(self.values[choice.group_of[served], served, choice.compression_of[served]].sum())

    def nobody(self) -> Choice:
        """The choice that serves nobody."""
        return Choice(np.full(len(self), NOBODY, dtype=np.int64), np.zeros(len(self), dtype=np.int64))
