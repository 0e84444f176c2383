"""Learned bids as a policy: what a request is worth to a server is linear in what is seen of both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.nodes.policy import networks_of
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.multi_node.kernel import GRID
from edge_llm_env.envs.multi_node.observation import CONTEXT, SLOT
from edge_llm_env.envs.observation.features import SLOT_FEATURES
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios.schema import Scenario

FEATURES = ("slack", "compute", "memory", "uplink_share", "downlink_share", "prompt", "output", "can_wait")
"""Of a request in a slot of a server, as the observation has them; each has a weight."""

LEAST_BID = -1.0 + 2.0 / GRID
"""Of a request that a server may serve: the least value above none."""


class LearnedBids:
    """What SB3 calls a policy, for `MultiNode-v0`, once it acts on an environment (`acting`); what nodes hold stays.

    All servers bid by the same `weights`, of shape (features,), or (P, features) for a population, of which each has an
    equal share of consecutive rows. Without a cloud, weights of 0 are GAH: equal bids.

    Raises ValueError for weights of another size.
    """

    env_id = MULTI_NODE

    def __init__(self, weights: NDArray[np.float64], scenario: Scenario) -> None:
        self.scenario = scenario
        self.weights = np.atleast_2d(np.asarray(weights, dtype=np.float64))
        if self.weights.shape[1:] != (len(FEATURES),):
            raise ValueError(f"weights of shape {np.shape(weights)}: must have {len(FEATURES)} per member")

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment."""
        return _Acting(self, env)


class _Acting:
    """Learned bids on an environment, single or vector."""

    def __init__(self, learned: LearnedBids, env: Any) -> None:
        networks = networks_of(env)
        params, members = networks[0][0].params, len(learned.weights)
        if len(networks) % members:
            raise ValueError(f"env of {len(networks)} rows: must have a multiple of {members}, the policy's members")
        self._weights = np.repeat(learned.weights, len(networks) // members, axis=0)
        self._servers, self._slots = params.servers, params.slots
        self._wishes = params.cells * params.variants if params.places else 0
        names = [feature.name for feature in SLOT_FEATURES]
        self._columns = [names.index(name) for name in FEATURES]

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        whole = np.atleast_2d(observation)
        first, pairs = self._servers * CONTEXT, self._servers * self._slots
        seen = whole[:, first : first + pairs * SLOT].reshape(len(whole), pairs, SLOT)[:, :, self._columns]
        bids = np.clip((seen * self._weights[:, None]).sum(axis=2), LEAST_BID, 1.0)
        actions = np.concatenate((bids, np.zeros((len(whole), self._wishes))), axis=1).astype(np.float32)
        return (actions[0] if observation.ndim == 1 else actions), state
