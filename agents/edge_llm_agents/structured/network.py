"""A network over the requests of an epoch: what the others add to the worth of serving each of them now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_llm_agents.networks.set_networks import make_encoder
from edge_llm_agents.networks.sets import sizes, split
from edge_llm_env.support.naming import shown

WIDEST = 1024
"""Units of a layer."""


class Seen(NamedTuple):
    """What the network sees of n epochs."""

    observations: Tensor
    """(n, length)"""
    features: Tensor
    """(n, Q, F): what a value function sees of the request in each slot, and last what it says."""

    def of(self, chosen: Tensor) -> Seen:
        """Some of the epochs."""
        return Seen(self.observations[chosen], self.features[chosen])


class SetWorth(nn.Module):
    """What is seen to a correction of each slot's worth, (n, Q): 0 before any training, and in empty slots.

    Requests are a set (`edge_llm_agents.networks`): reordering the slots reorders the corrections. `features` is F.
    Raises ValueError for an unknown encoder, and for a width out of 1..WIDEST.
    """

    def __init__(self, features: int, width: int, encoder: str) -> None:
        super().__init__()
        if not 1 <= width <= WIDEST:
            raise ValueError(f"width = {width}: must be in 1..{WIDEST}")
        context, slot = sizes()
        self.encoder = make_encoder(encoder, context, slot + features, width)
        self.correction = nn.Linear(width, 1)
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)

    def forward(self, seen: Seen) -> Tensor:
        """Corrections."""
        sets = split(seen.observations)
        more = seen.features.flatten(0, 1).index_select(0, sets.place)
        encoded, _ = self.encoder(sets._replace(requests=torch.cat((sets.requests, more), dim=1)))
        return sets.in_slots(self.correction(encoded), 0.0).squeeze(2)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """All that is learned, by name."""
        return {name: one.detach().numpy().astype(np.float32) for name, one in self.state_dict().items()}

    def load(self, arrays: Mapping[str, NDArray]) -> None:
        """Take over what `arrays` gave; raises ValueError where names or shapes differ."""
        expected = {name: tuple(one.shape) for name, one in self.state_dict().items()}
        found = {name: array.shape for name, array in arrays.items()}
        for name in sorted(expected.keys() | found.keys()):
            if name not in found:
                raise ValueError(f"its array {name} is missing: must have shape {expected[name]}")
            if found[name] != expected.get(name):
                must = f"have shape {expected[name]}" if name in expected else "not be there"
                raise ValueError(f"its array {shown(name)} has shape {shown(found[name])}: must {must}")
        self.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
