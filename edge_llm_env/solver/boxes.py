"""Boxes: ranges of longest lengths and slack thresholds, relaxed to one knapsack each.

`edge_llm_env.solver.subproblems` cuts the epoch problem into one knapsack per triple (longest prompt, longest output,
threshold).
Where all lengths differ those are n³, so triples are taken together: a box is a range of each, and stands for the
batches whose own longest lengths and least slack lie in it. Its relaxation gives every request the lowest cost that it
has anywhere in the box, and the batch the highest capacity; a box whose bound cannot win is dropped, others are split.
As costs never fall with lengths (`BatchProblem` checks it), the lowest cost is at the shortest "longest" lengths.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import Polynomial
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.linear_programme.relaxation import Relaxation
from edge_llm_env.solver.subproblems import (
    COMPUTE,
    DOWNLINK,
    MEMORY,
    SLACKENED,
    UPLINK,
    alone_feasible,
    at,
    base_at,
    depends_on_n,
    depends_on_s,
)
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating, compiled_apart
from edge_llm_env.support.sorting import ascending_order

PROMPT, OUTPUT, SLACK = range(3)
"""The dimensions of a box; levels of each ascend."""

LOW, HIGH = range(2)


class Levels(NamedTuple):
    """What a box is made of, over the m requests that can be served alone and are worth something."""

    among: NDArray[np.int64]
    """(m,) their indices as candidates, the largest slack first: those of a box are among the first."""
    by_value: NDArray[np.int64]
    """(m,) positions in `among`, the most valuable first."""
    level: NDArray[np.int64]
    """(m, 3) where each stands in each dimension."""
    longest_s: NDArray[np.float64]
    """Tokens of each level of PROMPT; one, infinite, where it does not matter."""
    longest_n: NDArray[np.float64]
    """Tokens of each level of OUTPUT; one, infinite, where it does not matter."""
    threshold_s: NDArray[np.float64]
    """Seconds of each level of SLACK, the window at most."""
    shortest: NDArray[np.float64]
    """(2,) tokens of the shortest prompt and of the shortest output."""
    per_unit: NDArray[np.float64]
    """(4,) what costs and capacities are multiplied by, so that the capacities of the whole are 1."""


@compiled_allocating
def levels_of(rule: Rule, candidates: Candidates, values: NDArray[np.float64]) -> Levels:
    """The levels of a problem."""
    alone = alone_feasible(rule, candidates)
    among = np.empty(len(alone), dtype=np.int64)
    count = 0
    for i in alone:
        if values[i] > 0.0:
            among[count] = i
            count += 1
    columns = np.empty((4, count))
    s, n, slack_s, loss = columns[0], columns[1], columns[2], columns[3]
    shortest = np.empty(2)
    shortest[PROMPT], shortest[OUTPUT] = np.inf, np.inf
    for k in range(count):
        slack_s[k] = -min(candidates.slack_s[among[k]], rule.window_s)
    by_slack = ascending_order(slack_s)
    unordered, among = among, np.empty(count, dtype=np.int64)
    for k in range(count):
        among[k] = unordered[by_slack[k]]
        s[k] = candidates.prompt_tokens[among[k]] if matters(rule, PROMPT) else np.inf
        n[k] = candidates.output_tokens[among[k]] if matters(rule, OUTPUT) else np.inf
        slack_s[k] = min(candidates.slack_s[among[k]], rule.window_s)
        loss[k] = -values[among[k]]
        shortest[PROMPT] = min(shortest[PROMPT], candidates.prompt_tokens[among[k]])
        shortest[OUTPUT] = min(shortest[OUTPUT], candidates.output_tokens[among[k]])
    by_value = ascending_order(loss)
    longest_s, longest_n, threshold_s = distinct(s), distinct(n), distinct(slack_s)
    level = np.empty((count, 3), dtype=np.int64)
    for k in range(count):
        level[k, PROMPT] = place(longest_s, s[k])
        level[k, OUTPUT] = place(longest_n, n[k])
        level[k, SLACK] = place(threshold_s, slack_s[k])
    per_unit = np.empty(4)
    for resource in range(4):
        per_unit[resource] = 1.0
    if count > 0:
        base_bytes, base_s = (
            base_at(rule.memory_bytes, longest_s[0], longest_n[0]),
            base_at(rule.compute_s, longest_s[0], longest_n[0]),
        )
        per_unit[MEMORY] = reciprocal(rule.memory_limit_bytes - base_bytes)
        per_unit[COMPUTE] = reciprocal(threshold_s[-1] - base_s)
    return Levels(among, by_value, level, longest_s, longest_n, threshold_s, shortest, per_unit)


@compiled
def matters(rule: Rule, dimension: int) -> bool:
    """Whether a batch's cost depends on its longest prompt, or its longest output."""
    if dimension == PROMPT:
        return rule.pads_prompts or depends_on_s(rule.compute_s.base) or depends_on_s(rule.memory_bytes.base)
    return rule.pads_outputs or depends_on_n(rule.compute_s.base) or depends_on_n(rule.memory_bytes.base)


@compiled_allocating
def distinct(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distinct values, ascending."""
    ascending = np.empty(len(values))
    count = 0
    for k in ascending_order(values):
        value = values[k]
        if count == 0 or value != ascending[count - 1]:
            ascending[count] = value
            count += 1
    return ascending[:count]


@compiled
def place(ascending: NDArray[np.float64], value: float) -> int:
    """Where a value stands among distinct ones."""
    low, high = 0, len(ascending) - 1
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def reciprocal(capacity: float) -> float:
    """1 / capacity, or 1 where that would not do."""
    return 1.0 / capacity if 0.0 < capacity < np.inf else 1.0


@compiled
def whole_box(levels: Levels, box: NDArray[np.int64]) -> None:
    """Write the box of everything, int64 of shape (3, 2)."""
    box[PROMPT, HIGH] = len(levels.longest_s) - 1
    box[OUTPUT, HIGH] = len(levels.longest_n) - 1
    box[SLACK, HIGH] = len(levels.threshold_s) - 1
    box[:, LOW] = 0


@compiled_apart
def load_box(
    rule: Rule, candidates: Candidates, levels: Levels, box: NDArray[np.int64], lp: Relaxation, fewest: int
) -> int:
    """Write the relaxation of a box and return how many requests it is over, the first ones; 0 if no batch is of it.

    A batch of the box has, in each dimension, a request that stands within the box's range, and `fewest` requests at
    least: those that cannot be served beside so many others are not free.
    """
    least_s, least_n = levels.longest_s[box[PROMPT, LOW]], levels.longest_n[box[OUTPUT, LOW]]
    threshold_s = levels.threshold_s[box[SLACK, HIGH]]
    per_byte, per_s = levels.per_unit[MEMORY], levels.per_unit[COMPUTE]
    memory_left = rule.memory_limit_bytes * SLACKENED - base_at(rule.memory_bytes, least_s, least_n)
    time_left = threshold_s * SLACKENED - base_at(rule.compute_s, least_s, least_n)
    if memory_left < 0.0 or time_left < 0.0:
        return 0
    others = max(fewest - 1.0, 0.0)
    least_bytes, least_time_s = costs_beside(rule, levels, least_s, least_n, others)
    pads_both = rule.pads_prompts and rule.pads_outputs
    has_base = depends_on_lengths(rule.memory_bytes.base) or depends_on_lengths(rule.compute_s.base)
    constant_bytes, constant_s = rule.memory_bytes.base.constant, rule.compute_s.base.constant
    lp.capacity[UPLINK] = SLACKENED
    lp.capacity[DOWNLINK] = SLACKENED
    lp.capacity[MEMORY] = memory_left * per_byte
    lp.capacity[COMPUTE] = time_left * per_s
    sets_prompt, sets_output, sets_slack = False, False, False
    size = 0
    while size < len(levels.among) and levels.level[size, SLACK] >= box[SLACK, LOW]:
        k, i = size, levels.among[size]
        size += 1
        prompt, output = levels.level[k, PROMPT], levels.level[k, OUTPUT]
        lp.free[k] = False
        if prompt > box[PROMPT, HIGH] or output > box[OUTPUT, HIGH]:
            continue
        longest_s, longest_n = max(least_s, levels.longest_s[prompt]), max(least_n, levels.longest_n[output])
        s = longest_s if rule.pads_prompts else candidates.prompt_tokens[i]
        n = longest_n if rule.pads_outputs else candidates.output_tokens[i]
        marginal_bytes, marginal_s = at(rule.memory_bytes.marginal, s, n), at(rule.compute_s.marginal, s, n)
        memory_bytes = candidates.memory_bytes[i] + marginal_bytes
        compute_s = candidates.compute_s[i] + marginal_s
        lp.cost[k, UPLINK] = candidates.uplink_share[i]
        lp.cost[k, DOWNLINK] = candidates.downlink_share[i]
        lp.cost[k, MEMORY] = memory_bytes * per_byte
        lp.cost[k, COMPUTE] = compute_s * per_s
        if pads_both and not has_base:
            beside_bytes, beside_s = constant_bytes + others * marginal_bytes, constant_s + others * marginal_s
        else:
            beside_bytes, beside_s = least_bytes, least_time_s
            if (prompt > box[PROMPT, LOW]) or (output > box[OUTPUT, LOW]):
                beside_bytes, beside_s = costs_beside(rule, levels, longest_s, longest_n, others)
        allowed_s = min(threshold_s, levels.threshold_s[levels.level[k, SLACK]])
        if memory_bytes + beside_bytes > rule.memory_limit_bytes * SLACKENED:
            continue
        if compute_s + beside_s > allowed_s * SLACKENED:
            continue
        lp.free[k] = True
        sets_prompt = sets_prompt or prompt >= box[PROMPT, LOW]
        sets_output = sets_output or output >= box[OUTPUT, LOW]
        sets_slack = sets_slack or levels.level[k, SLACK] <= box[SLACK, HIGH]
    return size if sets_prompt and sets_output and sets_slack else 0


@compiled
def depends_on_lengths(polynomial: Polynomial) -> bool:
    """Whether a cost is not constant."""
    return depends_on_s(polynomial) or depends_on_n(polynomial)


@compiled
def costs_beside(rule: Rule, levels: Levels, longest_s: float, longest_n: float, others: float) -> tuple[float, float]:
    """What so many requests cost at least, in memory (bytes) and time (s), in a batch of these longest lengths."""
    s = longest_s if rule.pads_prompts else levels.shortest[PROMPT]
    n = longest_n if rule.pads_outputs else levels.shortest[OUTPUT]
    memory_bytes = base_at(rule.memory_bytes, longest_s, longest_n) + others * at(rule.memory_bytes.marginal, s, n)
    compute_s = base_at(rule.compute_s, longest_s, longest_n) + others * at(rule.compute_s.marginal, s, n)
    return memory_bytes, compute_s


@compiled
def sets(levels: Levels, box: NDArray[np.int64], k: int, dimension: int) -> bool:
    """Whether a request of the box stands within the box's range of a dimension, so that it can set it."""
    level = levels.level[k, dimension]
    return box[dimension, LOW] <= level <= box[dimension, HIGH]


@compiled_apart
def penalty(levels: Levels, box: NDArray[np.int64], lp: Relaxation, size: int) -> float:
    """What can be taken off the bound as, in each dimension, a request that sets it must be in the batch; -inf if none.

    For each dimension that is the least that forcing one of them into the relaxed batch costs.
    """
    most = 0.0
    for dimension in range(3):
        least = -np.inf
        for k in range(size):
            if lp.free[k] and sets(levels, box, k, dimension):
                least = max(least, min(lp.reduced[k], 0.0))
        most = min(most, least)
    return most


@compiled
def is_single(box: NDArray[np.int64]) -> bool:
    """Whether a box is one triple."""
    return bool(box[0, LOW] == box[0, HIGH] and box[1, LOW] == box[1, HIGH] and box[2, LOW] == box[2, HIGH])
