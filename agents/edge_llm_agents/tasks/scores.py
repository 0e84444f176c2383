"""Perceptrons that tell from a call's signal how large its task is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.networks.perceptrons import checked_arrays
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled_allocating

Floats: TypeAlias = NDArray[np.float32]
Layer: TypeAlias = tuple[Floats, Floats]
"""Weights (K, in, out) and biases (K, out)."""

LAYERS = 3
"""Of the perceptron of each kind of task."""


class LearnedScores:
    """A perceptron for each of K kinds of task: D numbers of a signal, two hidden layers of W, a score.

    Raises ValueError for arrays of other names or shapes.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]], kinds: int, size: int) -> None:
        self.arrays = checked_arrays(arrays, kinds, size, 1, LAYERS)

    def __call__(self, kind: NDArray[np.int64], signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of n calls, (n,), of kinds (n,) and signals (n, D)."""
        found = np.empty(len(kind), dtype=np.float32)
        layers = [(self.arrays[f"weight{layer}"], self.arrays[f"bias{layer}"]) for layer in range(LAYERS)]
        of_kind, shown = np.ascontiguousarray(kind, np.int64), np.ascontiguousarray(signals, np.float32)
        direct(score_calls)(of_kind, shown, *layers, found)
        return found.astype(np.float64)


@compiled_allocating
def score_calls(
    kind: NDArray[np.int64], signals: Floats, first: Layer, second: Layer, last: Layer, scores: Floats
) -> None:
    """Write the score of each call, from sums that do not depend on how many calls there are."""
    hidden, deeper = np.zeros_like(first[1][0]), np.zeros_like(second[1][0])
    for call in range(len(kind)):
        one = kind[call]
        hidden[:] = first[1][one]
        for number in range(signals.shape[1]):
            for unit in range(len(hidden)):
                hidden[unit] += signals[call, number] * first[0][one, number, unit]
        deeper[:] = second[1][one]
        for inner in range(len(hidden)):
            if hidden[inner] > 0.0:
                for unit in range(len(deeper)):
                    deeper[unit] += hidden[inner] * second[0][one, inner, unit]
        score = last[1][one, 0]
        for inner in range(len(deeper)):
            if deeper[inner] > 0.0:
                score += deeper[inner] * last[0][one, inner, 0]
        scores[call] = score
