"""The one feasibility rule: which batches can be served in an epoch (`docs/model.md`, constraints 1 to 4).

Masks, environments and solvers all call `is_feasible` on `BatchSums`, so they agree to the last bit. A batch is a
handful of sums; admitting a request is O(1), and token sums are exact integers, so their order does not matter.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from edge_llm_env.feasibility.batch import BatchSums
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.support.compilation.compiling import compiled

TOLERANCE = 1e-9
"""Relative excess over a capacity that still counts as within it, so that shares like ten times 0.1 fill a band."""


class Rule(NamedTuple):
    """What a batch must keep to: the cost polynomials, the padding and the capacities that all requests share."""

    compute_s: AffineCost
    memory_bytes: AffineCost
    energy_j: AffineCost
    pads_prompts: bool
    """Prompts are computed at the longest of the batch."""
    pads_outputs: bool
    """Outputs run to the longest of the batch."""
    window_s: float
    """T_C, most compute time of any batch."""
    memory_limit_bytes: float
    """M."""


@compiled
def affine_cost(rule: Rule, cost: AffineCost, batch: BatchSums) -> float:
    """base(s', n') + Σ marginal(s_i, n_i) of one resource, with the lengths padded as the rule says."""
    s, s_squared, n, n_squared, s_times_n = batch.s, batch.s_squared, batch.n, batch.n_squared, batch.s_times_n
    if rule.pads_prompts:
        s = batch.requests * batch.longest_s
        s_squared = s * batch.longest_s
        s_times_n = batch.longest_s * n
    if rule.pads_outputs:
        n = batch.requests * batch.longest_n
        n_squared = n * batch.longest_n
        s_times_n = batch.longest_n * s
    longest_s, longest_n = batch.longest_s, batch.longest_n
    base = quadratic(
        cost.base, 1.0, longest_s, longest_s * longest_s, longest_n, longest_n * longest_n, longest_s * longest_n
    )
    return base + quadratic(cost.marginal, batch.requests, s, s_squared, n, n_squared, s_times_n)


@compiled
def quadratic(
    polynomial: Polynomial, one: float, s: float, s_squared: float, n: float, n_squared: float, s_times_n: float
) -> float:
    """A polynomial's value at given monomials, or its sum over a batch at given sums of monomials."""
    return (
        polynomial.constant * one
        + polynomial.s * s
        + polynomial.s_squared * s_squared
        + polynomial.n * n
        + polynomial.n_squared * n_squared
        + polynomial.s_times_n * s_times_n
    )


@compiled
def compute_time_s(rule: Rule, batch: BatchSums) -> float:
    """t_comp of a batch (s), 0 if it is empty."""
    if batch.requests == 0.0:
        return 0.0
    return batch.compute_s + affine_cost(rule, rule.compute_s, batch)


@compiled
def memory_bytes(rule: Rule, batch: BatchSums) -> float:
    """Weights and KV cache of a batch (bytes)."""
    return batch.memory_bytes + affine_cost(rule, rule.memory_bytes, batch)


@compiled
def energy_j(rule: Rule, batch: BatchSums) -> float:
    """Energy to compute a batch (J), 0 if it is empty."""
    if batch.requests == 0.0:
        return 0.0
    return affine_cost(rule, rule.energy_j, batch)


@compiled
def within(amount: float, capacity: float) -> bool:
    """Whether an amount fits a capacity, up to `TOLERANCE`."""
    return amount <= capacity * (1.0 + TOLERANCE)


@compiled
def in_whole_units(share: float, units: float) -> float:
    """The least share that is a whole number of `units`, which a band has; as it is where units are 0.

    What exceeds a number of units by `TOLERANCE` counts as that number. Rounded up by themselves, shares still add up:
    n_i units fit if and only if their sum does not exceed all of them.
    """
    if units == 0.0 or not within(share, 1.0):  # what no band carries is not worth counting, and may be infinite
        return share
    return math.ceil(share * units / (1.0 + TOLERANCE)) / units


@compiled
def fits_band(batch: BatchSums) -> bool:
    """Constraints 1 and 2 of `docs/model.md`: the uplink and the downlink shares of a batch fit their bands."""
    return within(batch.uplink_share, 1.0) and within(batch.downlink_share, 1.0)


@compiled
def fits_node(rule: Rule, batch: BatchSums) -> bool:
    """Constraints 3 and 4: weights and KV cache fit the memory, compute time fits the window and every slack."""
    return within(memory_bytes(rule, batch), rule.memory_limit_bytes) and within(
        compute_time_s(rule, batch), min(rule.window_s, batch.least_slack_s)
    )


@compiled
def is_feasible(rule: Rule, batch: BatchSums) -> bool:
    """Whether a batch can be served; accuracy, constraint 5, is settled when a request arrives."""
    return fits_band(batch) and fits_node(rule, batch)
