"""Worths whose sums over what was changed in a batch are its advantages, by least squares."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from edge_llm_agents.structured.branches import Branches
from edge_llm_agents.structured.network import SetWorth
from edge_llm_agents.structured.settings import StructuredSettings


def advantage_loss(network: SetWorth, branches: Branches) -> Tensor:
    """Mean of (advantage - Σ changed·worth)².

    What a batch brings in the long run is taken for a sum of its requests' worths, of which the exact search finds the
    largest: a step of policy iteration. An advantage is that of one future; its mean is what squares are least at.
    """
    worths = branches.seen.features[..., -1] + network(branches.seen)
    told = (branches.changed * worths[:, None]).sum(dim=2)
    return ((branches.advantage - told) ** 2).mean()


def fit(network: SetWorth, branches: Branches, settings: StructuredSettings, rng: np.random.Generator) -> float:
    """Fit a network to advantages by Adam, the rate falling linearly to 0; the mean loss of the last pass."""
    states = len(branches.advantage)
    optimizer = torch.optim.Adam(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    steps = settings.passes * -(-states // settings.batch_size)
    rates = iter(np.linspace(settings.learning_rate, 0.0, steps, endpoint=False))
    total = 0.0
    for _ in range(settings.passes):
        total = 0.0
        for chosen in torch.from_numpy(rng.permutation(states)).split(settings.batch_size):
            loss = advantage_loss(network, branches.of(chosen))
            optimizer.zero_grad()
            loss.backward()
            optimizer.param_groups[0]["lr"] = float(next(rates))
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
    return total / states
