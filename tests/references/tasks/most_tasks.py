"""The most tasks of a short episode, as one integer programme."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from edge_llm_baselines.tasks.windows import Windows, whole

NODES = 100_000
"""Of the search of HiGHS, whose end must not hang on how fast a machine is."""


def most_tasks(windows: Windows) -> int:
    """The optimum of the relaxation with precedence by epochs, by HiGHS, or its bound after NODES nodes.

    No schedule completes more tasks. Raises RuntimeError if HiGHS proves nothing.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    possible = windows.possible()
    rows: list[tuple[list[int], list[float], float]] = []
    column: dict[tuple[int, int], int] = {}
    for call in np.flatnonzero(possible[windows.task]).tolist():
        for epoch in range(int(windows.first[call]), int(windows.last[call]) + 1):
            column[call, epoch] = len(column)
    levels = len(windows.room_s)
    longest = {
        (epoch, level): len(column) + epoch * levels + level
        for epoch in range(windows.epochs)
        for level in range(levels)
    }
    task = {one: len(column) + len(longest) + one for one in range(windows.tasks)}
    steps_s = np.diff(-windows.room_s, prepend=-windows.room_s[:1])
    for epoch in range(windows.epochs):
        served = [(call, at) for (call, when), at in column.items() if when == epoch]
        for call, at in served:
            reached = range(1, int(windows.level[call]) + 1)
            rows.extend(([at, longest[epoch, level]], [1.0, -1.0], 0.0) for level in reached)
        across = [at for _, at in served] + [longest[epoch, level] for level in range(1, levels)]
        weights = [float(windows.work_s[call]) for call, _ in served] + steps_s[1:].tolist()
        rows.append((across, weights, float(windows.room_s[0])))
    for call in np.flatnonzero(possible[windows.task]).tolist():
        mine = [column[call, epoch] for epoch in range(int(windows.first[call]), int(windows.last[call]) + 1)]
        rows.append(([task[int(windows.task[call])], *mine], [1.0, *[-1.0] * len(mine)], 0.0))
        rows.append((mine, [1.0] * len(mine), 1.0))
        for back, gap in zip(windows.predecessors[call].tolist(), windows.gaps[call].tolist(), strict=True):
            if back > 0:
                rows += _after(windows, column, call, call - back, gap)
    for one in np.flatnonzero(~possible).tolist():
        rows.append(([task[one]], [1.0], 0.0))
    value = np.zeros(len(column) + len(longest) + len(task))
    value[list(task.values())] = 1.0
    of_row = np.repeat(np.arange(len(rows)), [len(row[0]) for row in rows])
    columns, weights_ = np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows])
    matrix = csr_array((weights_, (of_row, columns)), shape=(len(rows), len(value)))
    result = milp(
        -value,
        integrality=np.ones(len(value), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, -np.inf, np.array([row[2] for row in rows])),
        options={"mip_rel_gap": 0.0, "node_limit": NODES},
    )
    if result.mip_dual_bound is None or not np.isfinite(result.mip_dual_bound):
        raise RuntimeError(f"HiGHS: {result.message}")
    return whole(-result.mip_dual_bound)


def _after(
    windows: Windows, column: dict[tuple[int, int], int], call: int, before: int, gap: int
) -> list[tuple[list[int], list[float], float]]:
    """Rows: by each epoch a call is served no more than the one before it was, a gap earlier."""
    found = []
    for epoch in range(int(windows.first[call]), int(windows.last[call]) + 1):
        mine = [column[call, when] for when in range(int(windows.first[call]), epoch + 1)]
        until = min(epoch - gap, int(windows.last[before]))
        other = [column[before, when] for when in range(int(windows.first[before]), until + 1)]
        found.append((mine + other, [1.0] * len(mine) + [-1.0] * len(other), 0.0))
    return found
