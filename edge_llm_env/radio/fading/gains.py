"""Small-scale fading: power gains of mean 1 per user and block, where a block is one epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0
PATHS = 32
"""Sinusoids per user. Any number gives the exact envelope and the exact autocorrelation of the complex gain; where J0
has died out, powers of two blocks stay correlated by at most about 1/PATHS."""

USERS_AT_ONCE = 4096
"""Users whose paths are added up at once: more would leave the cache, and a million need gigabytes."""


def moving_power_gains(
    draws: Draws, k_factor: NDArray[np.float64], times_s: NDArray[np.float64], doppler_hz: float
) -> NDArray[np.float64]:
    """Power gains at given times of users who move, shape (users, times): Rician as `rician_power_gains` has it.

    Scattered paths are `clarke_gains`; the constant path comes from a uniform direction and turns with its own Doppler.
    """
    direction, phase = 2.0 * np.pi * draws.random(before=(2,), after=(1,))
    direct = np.exp(1j * (phase + 2.0 * np.pi * doppler_hz * np.cos(direction) * times_s))
    return rician_power(k_factor, direct, clarke_gains(draws, times_s, doppler_hz))


def clarke_gains(draws: Draws, times_s: NDArray[np.float64], doppler_hz: float) -> NDArray[np.complex128]:
    """Complex gains of scattered paths at given times, shape (users, times): a sum of sinusoids for each user.

    Clarke's model: h(t) = Σ_n c_n·exp(j·2π·f_D·t·cos α_n) / √P, with arrivals α_n spread over the circle from a random
    turn (as Zheng and Xiao, IEEE Trans. Commun. 51(6), 2003) and amplitudes c_n complex normal. The random amplitudes
    make the envelope at each time exactly Rayleigh; E[h(t)·h*(t+τ)] = J0(2π·f_D·τ).
    """
    turns, parts = draws.random(after=(1,)), draws.standard_normal(before=(2,), after=(PATHS,))
    gains = np.empty((draws.users, len(times_s)), dtype=np.complex128)
    for first in range(0, draws.users, USERS_AT_ONCE):
        some = slice(first, first + USERS_AT_ONCE)
        angles = (2.0 * np.pi * np.arange(PATHS) + 2.0 * np.pi * turns[some]) / PATHS
        amplitudes = as_complex(parts[:, some]) / np.sqrt(PATHS)
        turns_per_s = doppler_hz * np.cos(angles)
        for block, time_s in enumerate(times_s):
            gains[some, block] = np.sum(amplitudes * np.exp(2j * np.pi * time_s * turns_per_s), axis=1)
    return gains


def rician_power(
    k_factor: NDArray[np.float64], direct: NDArray[np.complex128], scattered: NDArray[np.complex128]
) -> NDArray[np.float64]:
    """Power |√(K/(K+1))·direct + √(1/(K+1))·scattered|² of paths of mean power 1, both of shape (users, blocks)."""
    k = k_factor[:, None]
    return np.abs((np.sqrt(k) * direct + scattered) / np.sqrt(k + 1.0)) ** 2


def complex_normal(draws: Draws, columns: int) -> NDArray[np.complex128]:
    """Circular complex normal numbers of mean power 1, shape (users, columns)."""
    return as_complex(draws.standard_normal(before=(2,), after=(columns,)))


def as_complex(parts: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Of normal real and imaginary parts, shape (2, ...), circular complex normal numbers of mean power 1."""
    return np.asarray((parts[0] + 1j * parts[1]) / np.sqrt(2.0), dtype=np.complex128)


def doppler_hz(speed_m_per_s: float, carrier_hz: float) -> float:
    """Largest Doppler shift of a user, f_D = v·f_c/c (Hz)."""
    return speed_m_per_s * carrier_hz / SPEED_OF_LIGHT_M_PER_S


FAR = 32.0
"""Arguments of J0 from which `HANKEL_TERMS` terms of its expansion are exact to rounding."""

HANKEL_TERMS = 14


def bessel_j0(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """J0 of numbers ≥ 0, shape (n,), to rounding, in the same time for small and large ones.

    Up to FAR the mean of cos(x·sin θ) over a period, in equal steps, whose error falls faster than any power beyond x
    of them; from there on Hankel's expansion (Abramowitz and Stegun 9.2.5).
    """
    far = x >= FAR
    near = np.where(far, 0.0, x)
    angles = 2.0 * np.pi * np.arange(32 + 2 * int(FAR)) / (32 + 2 * int(FAR))
    close = np.cos(near[:, None] * np.sin(angles)).mean(axis=1)
    z = np.where(far, x, FAR)
    parts, term = [np.ones_like(z), np.zeros_like(z)], np.ones_like(z)
    for k in range(1, HANKEL_TERMS + 1):
        term = term * (2 * k - 1) ** 2 / (8.0 * k * z)
        parts[k % 2] += (1.0, -1.0, -1.0, 1.0)[k % 4] * term
    phase = z - np.pi / 4.0
    distant = np.sqrt(2.0 / (np.pi * z)) * (parts[0] * np.cos(phase) - parts[1] * np.sin(phase))
    return np.asarray(np.where(far, distant, close), dtype=np.float64)
