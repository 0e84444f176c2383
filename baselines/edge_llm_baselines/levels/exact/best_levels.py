"""`BestLevels`: the most valuable choice of levels of an epoch, exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_llm_baselines.levels.exact.items import items_of
from edge_llm_baselines.levels.exact.problem import Choice, LevelsProblem
from edge_llm_baselines.levels.exact.search import search
from edge_llm_baselines.solvers.problem import check_limits
from edge_llm_env.solver.search_state import common_step
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked

NODES = 20_000_000
"""Most nodes of a search that is given no limit: some tens of seconds."""


class LevelsFound(NamedTuple):
    """What a search found."""

    choice: Choice
    value: float
    """Σ v_igc over those served."""
    nodes: int
    """Of the search, visited."""
    optimal: bool
    """Whether no choice is worth more."""
    upper_bound: float
    """No choice is worth more than this; equal to `value` when optimal."""


class BestLevels:
    """The most valuable choice of a group and a compression for each request, by branch and bound over requests.

    Requests are decided one by one, those first that make a batch's base cost largest, and of these those with the
    least slack, so that whom a group serves first says most of what its batch costs and how long it may take; for each
    the levels that are worth most beyond their price come first, and being left out last. A node is dropped where the
    bound at prices (`edge_llm_baselines.levels.exact.dual`) is not above the best choice found; a node that the prices
    of the one before do not drop has its own. Nobody is served whom one who is left out could stand in for
    (`edge_llm_baselines.levels.exact.stand_ins`). Batches and bands are judged by the one feasibility rule.

    Values that are whole multiples of one number are compared exactly; others that differ by less than one part in 10¹⁰
    of what all could be worth count as equal. After `node_limit` nodes it has the best choice found, `optimal=False`
    and a valid `upper_bound`. Raises ValueError for a limit below 1.
    """

    @checked
    def __init__(self, node_limit: int = NODES) -> None:
        check_limits(node_limit, None)
        self.node_limit = node_limit

    def solve(self, problem: LevelsProblem) -> LevelsFound:
        """The optimum, or the best found within the limit."""
        items, order = items_of(problem)
        worth = items.value.max(axis=(1, 2)) if len(order) else np.zeros(1)
        step = float(common_step(items.value.ravel(), np.inf, float(worth.sum())))
        levels, nodes, bound, finished = direct(search)(items, self.node_limit, step)
        choice = problem.nobody()
        served = np.flatnonzero(levels >= 0)
        group, compression = np.divmod(levels[served], problem.compressions)
        choice.group_of[order[served]], choice.compression_of[order[served]] = group, compression
        value = problem.value(choice)
        return LevelsFound(choice, value, nodes, finished, value if finished else max(value, bound))
