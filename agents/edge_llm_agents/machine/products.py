"""Products with weights that never change, by the fastest kernel that torch has for them here."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

PACKED_FOR = 16
"""Rows that weights are packed for: the layout is much the same for all."""


class Product:
    """The product of rows (n, inputs) with the transpose of weights (outputs, inputs): rows (n, outputs).

    On a CPU in single precision oneDNN packs the weights once, where torch is built with it. A library that packs them
    at each call takes as long for two rows as for eight; with packed weights time grows with rows from the first on,
    as the cost model has it.
    """

    def __init__(self, weights: Tensor) -> None:
        self.shape = tuple(weights.shape)
        """Outputs, inputs."""
        self._packed = packs(weights.device, weights.dtype)
        self._weights = torch.ops.mkldnn._reorder_linear_weight(weights, PACKED_FOR) if self._packed else weights

    def __call__(self, rows: Tensor) -> Tensor:
        """The product."""
        if not self._packed:
            return functional.linear(rows, self._weights)
        found: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weights, None, "none", [], "")
        return found


def packs(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether weights there are packed: torch must have the operators that its own compiler packs with."""
    return device.type == "cpu" and dtype is torch.float32 and _has_operators()


def _has_operators() -> bool:
    known = torch.ops.mkldnn
    return torch.backends.mkldnn.is_available() and all(
        hasattr(known, name) for name in ("_reorder_linear_weight", "_linear_pointwise")
    )
