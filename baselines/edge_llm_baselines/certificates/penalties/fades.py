"""What is expected of a fading power gain by who knows the gains before it, but not their phases.

A Rayleigh user's complex gains h_0, h_1, ... are circular complex normal numbers of mean power 1, correlated by
Clarke's ρ = J0 (`edge_llm_env.radio.fading`). Given those before, the next is complex normal about a mean m that is
linear in them, with a variance v that does not depend on them, and for a > 0

    E[exp(-a·|h|²)] = exp(-a·|m|² / (1 + a·v)) / (1 + a·v).

Only powers are seen: the mean over phases, weighted by how likely they are with these powers, is the integral of smooth
periodic functions, which equal steps meet to rounding once they are fine enough.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled_allocating

MOST_KNOWN = 4
"""Gains before: with more the integral has more dimensions than are worth their time."""

PHASES = 64
"""Steps of each phase. Beside 80 they differ by less than 4·10⁻⁵ with four gains known, 10⁻⁸ with three."""

UNLIKELY = 1e-12
"""Weight, beside the most likely phases, of those that are left out."""


@compiled_allocating
def expected_after(
    powers: NDArray[np.float64],
    known: NDArray[np.int64],
    correlation: NDArray[np.float64],
    rates: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(n, rates) of each user E[exp(-rate·power)] of the gain after the first `known` of its row of powers.

    `powers` (n, B) are of mean 1; `known` (n,) is at most MOST_KNOWN and below B, and 0 where nothing is known;
    `correlation` (B,) of the complex gain now and after 0, 1, ... epochs.
    """
    found = np.empty((len(known), len(rates)))
    cosines = np.cos(2.0 * np.pi * np.arange(PHASES) / PHASES)
    for user in range(len(known)):
        count = known[user]
        if count == 0:
            found[user] = 1.0 / (1.0 + rates)
            continue
        among, with_next = np.empty((count, count)), np.empty(count)
        for one in range(count):
            with_next[one] = correlation[count - one]
            for other in range(count):
                among[one, other] = correlation[abs(one - other)]
        inverse = np.linalg.inv(among)
        of_mean = inverse @ with_next
        variance = max(1.0 - float(of_mean @ with_next), 0.0)
        found[user] = _over_phases(np.sqrt(powers[user, :count]), inverse, of_mean, variance, rates, cosines)
    return found


@compiled_allocating
def _over_phases(
    size: NDArray[np.float64],
    inverse: NDArray[np.float64],
    of_mean: NDArray[np.float64],
    variance: float,
    rates: NDArray[np.float64],
    cosines: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(rates,) the mean over the phases of gains of those sizes, the first phase being 0."""
    count, total, highest = len(size), 0.0, -math.inf
    sums = np.zeros(len(rates))
    phase = np.zeros(count, dtype=np.int64)
    apart = 0.0  # what of |m|² no phase changes
    for one in range(count):
        apart += (of_mean[one] * size[one]) ** 2
    for number in range(PHASES ** (count - 1)):
        rest = number
        for one in range(1, count):
            phase[one] = rest % PHASES
            rest //= PHASES
        log_weight, mean_power = 0.0, apart
        for one in range(count):
            for other in range(one):
                product = 2.0 * size[one] * size[other] * cosines[(phase[one] - phase[other]) % PHASES]
                log_weight -= inverse[one, other] * product
                mean_power += of_mean[one] * of_mean[other] * product
        if log_weight > highest:
            scale = math.exp(highest - log_weight)
            total *= scale
            sums *= scale
            highest = log_weight
        weight = math.exp(log_weight - highest)
        if weight > UNLIKELY:
            total += weight
            for k in range(len(rates)):
                sums[k] += weight * math.exp(-rates[k] * mean_power / (1.0 + rates[k] * variance))
    return sums / (total * (1.0 + rates * variance))
