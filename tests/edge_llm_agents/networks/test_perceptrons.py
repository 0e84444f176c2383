"""Perceptrons side by side: each sees its own inputs only, and what they learned comes back as arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_llm_agents.networks.perceptrons import Perceptrons, checked_arrays


def test_each_is_a_perceptron_of_its_own() -> None:
    perceptrons = Perceptrons(3, (4, 6, 6, 2), torch.Generator().manual_seed(0))
    inputs = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(1))
    found, arrays = perceptrons(inputs).detach().numpy(), perceptrons.arrays()
    for each in range(3):
        hidden = inputs[each].numpy()
        for layer in range(3):
            hidden = hidden @ arrays[f"weight{layer}"][each] + arrays[f"bias{layer}"][each]
            hidden = np.maximum(hidden, 0.0) if layer < 2 else hidden
        np.testing.assert_allclose(found[each], hidden, rtol=1e-5, atol=1e-6)


def test_arrays_of_other_names_and_shapes_are_refused() -> None:
    arrays = Perceptrons(3, (4, 6, 6, 2), torch.Generator()).arrays()
    assert checked_arrays(arrays, 3, 4, 2, 3).keys() == arrays.keys()
    with pytest.raises(ValueError, match="its weight0 is of shape"):
        checked_arrays(arrays, 3, 5, 2, 3)
    with pytest.raises(ValueError, match="its arrays are"):
        checked_arrays({"weight0": arrays["weight0"]}, 3, 4, 2, 3)
