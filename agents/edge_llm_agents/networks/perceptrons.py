"""Perceptrons of the same widths side by side, one for each of several things of a kind: cells, kinds of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Arrays = dict[str, NDArray[np.float32]]
"""`weight0` (K, in, out), `bias0` (K, out), and so on, layer by layer."""


class Perceptrons(nn.Module):
    """K perceptrons with layers of `widths`, inputs first, and rectified linear units between."""

    def __init__(self, count: int, widths: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for into, out in pairwise(widths):
            drawn = torch.randn(count, into, out, generator=generator) * (2.0 / into) ** 0.5
            self.weights.append(nn.Parameter(drawn))
            self.biases.append(nn.Parameter(torch.zeros(count, 1, out)))

    def forward(self, inputs: Tensor) -> Tensor:
        """(K, n, out) of (K, n, in)."""
        hidden = inputs
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden if layer == 0 else hidden.relu(), weight)
        return hidden

    def arrays(self) -> Arrays:
        """All that is learned."""
        found = {f"weight{layer}": one.detach().numpy().copy() for layer, one in enumerate(self.weights)}
        return found | {f"bias{layer}": one.detach().numpy()[:, 0].copy() for layer, one in enumerate(self.biases)}


def checked_arrays(arrays: Mapping[str, NDArray], count: int, into: int, out: int, layers: int) -> Arrays:
    """The arrays of `count` perceptrons of as many layers; raises ValueError for other names and shapes."""
    found = {name: np.asarray(array, dtype=np.float32) for name, array in arrays.items()}
    names = {f"{part}{layer}" for layer in range(layers) for part in ("weight", "bias")}
    if set(found) != names:
        raise ValueError(f"its arrays are {sorted(found)}: must be {sorted(names)}")
    wide = found["bias0"].shape[-1]
    widths = [into, *[wide] * (layers - 1), out]
    for layer, (size, to) in enumerate(pairwise(widths)):
        for name, shape in ((f"weight{layer}", (count, size, to)), (f"bias{layer}", (count, to))):
            if found[name].shape != shape:
                raise ValueError(f"its {name} is of shape {found[name].shape}: must be {shape}")
    return found
