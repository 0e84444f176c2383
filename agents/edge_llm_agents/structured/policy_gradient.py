"""Steps towards the batches that served more than others from the same state: policy gradient through the search.

Structured reinforcement learning (Hoppe et al. 2025, arXiv 2505.19053), with advantages from paired workloads in place
of a critic's values.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from edge_llm_agents.structured.branches import Branches
from edge_llm_agents.structured.network import SetWorth
from edge_llm_agents.structured.schedules import fenchel_young_surrogate
from edge_llm_agents.structured.settings import StructuredSettings


def mean_and_target(branches: Branches, temperature: float) -> tuple[Tensor, Tensor]:
    """(n, Q) twice: the mean of the batches tried in a state, and that weighted by softmax(advantage / temperature).

    The row's own batch, of advantage 0, is among them; both are told less that batch.
    """
    advantage, changed = pad(branches.advantage, (0, 1)), pad(branches.changed, (0, 0, 0, 1))
    weights = torch.softmax(advantage / temperature, dim=1)
    return changed.mean(dim=1), (weights[..., None] * changed).sum(dim=1)


def climb(
    network: SetWorth,
    branches: Branches,
    optimizer: torch.optim.Optimizer,
    settings: StructuredSettings,
    rng: np.random.Generator,
) -> float:
    """Move a network from mean batches towards targets, each state once, as batches tell of the worths they are from.

    Returns the mean of |mean batch - target| over states, in requests.
    """
    mean_batch, target = mean_and_target(branches, settings.temperature)
    for chosen in torch.from_numpy(rng.permutation(len(target))).split(settings.batch_size):
        seen = branches.seen.of(chosen)
        worths = seen.features[..., -1] + network(seen)
        optimizer.zero_grad()
        fenchel_young_surrogate(worths, mean_batch[chosen].numpy(), target[chosen].numpy()).backward()
        optimizer.step()
    return float((mean_batch - target).abs().sum(dim=1).mean())
