"""What an observation shows a value function: its entries as seconds, and what is made of them and of the queue."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.observation.features import (
    PLAIN,
    REQUIREMENT_FEATURES,
    SLOT_FEATURES,
    TO_COME_FEATURES,
    Extent,
    split_further,
    split_observation,
)
from edge_llm_env.scenarios.schema import Scenario

_NAMES = [feature.name for feature in SLOT_FEATURES]
_FURTHER = [feature.name for feature in (*TO_COME_FEATURES, *REQUIREMENT_FEATURES)]
_TO_COME, _ACCURACY = _FURTHER.index("uplink_share_to_come"), _FURTHER.index("accuracy_requirement")

_LEAST_SHARE = np.float32(1e-3)
"""Least uplink share that is told from none: of an epoch, a thousandth."""


class Scales(NamedTuple):
    """What turns an observation's entries back into seconds."""

    epoch_s: float
    """T_E"""
    window_s: float
    """T_C; T_E where the split is flexible"""
    longest_latency_s: float
    """Scale of slacks in observations."""

    @classmethod
    def of(cls, scenario: Scenario) -> Scales:
        """Those of a scenario, with T_E as the window where the split is flexible."""
        epoch = scenario.epoch
        window_s = epoch.epoch_s if epoch.split == "flexible" else epoch.compute_window_s
        return cls(epoch.epoch_s, window_s, scenario.workload.latency_requirement_s.high)


class Seen:
    """What features are made of, each (rows, Q) or, of a queue as a whole, (rows, 1).

    margin = (slack - T_E - t)/T_E, where t is the compute time alone; the look-ahead rule's chance to be served in the
    next epoch is P = min(1, max(0, margin)) (`edge_llm_baselines.rules.look_ahead`). `size` is t in means of the queue,
    `load` is Σ t/T_C of the queue, and `urgent` the part of it of requests that cannot wait. Observations of `extent`.
    """

    def __init__(self, observations: NDArray[np.float32], scales: Scales, extent: Extent = PLAIN) -> None:
        self._observations, self._extent = observations, extent
        slots = split_observation(observations, extent)[1]
        # Contiguous, so that sums over slots are added up alike for one row and for many.
        self.slot = {name: np.ascontiguousarray(slots[..., column]) for column, name in enumerate(_NAMES)}
        self.present, self.can_wait = self.slot["present"], self.slot["can_wait"]
        compute = self.slot["compute"]
        slack = self.slot["slack"] * np.float32(scales.longest_latency_s)
        self.margin = (slack - np.float32(scales.epoch_s) - compute * np.float32(scales.window_s)) / np.float32(
            scales.epoch_s
        )
        self.chance = np.clip(self.margin, 0.0, 1.0)
        self.load = compute.sum(axis=-1, keepdims=True)
        self.urgent = (compute * (1.0 - self.can_wait)).sum(axis=-1, keepdims=True)
        self.count = self.present.sum(axis=-1, keepdims=True)
        self.size = compute * self.count / np.maximum(self.load, np.float32(1e-6))
        self.window_slack = np.minimum(slack / np.float32(scales.window_s), 1.0)

    def further(self, epochs: int) -> NDArray[np.float32]:
        """0 to 1 as the margin goes from that many whole epochs to one more."""
        return np.clip(self.margin - epochs, 0.0, 1.0)

    def channel_cost(self) -> NDArray[np.float32]:
        """log2 of the uplink share that the longest prompt would need, over 4 and centred on an eighth; -1..1."""
        share = self.slot["uplink_share"] / np.maximum(self.slot["prompt"], _LEAST_SHARE)
        return np.clip(np.log2(np.maximum(share, _LEAST_SHARE)) / 4.0 + 0.75, -1.0, 1.0)

    def better_later(self) -> NDArray[np.float32]:
        """log2 of the uplink share needed now over that in the best epoch to come, over 2 and in -1..1; 0 without one.

        Raises ValueError where observations do not tell what channels are expected to become.
        """
        if not self._extent.per_slot:
            raise ValueError("features: the channels to come are not observed here")
        to_come = split_further(self._observations, self._extent)[0][..., _TO_COME]
        ratio = np.maximum(self.slot["uplink_share"], _LEAST_SHARE) / np.maximum(to_come, _LEAST_SHARE)
        return (np.clip(np.log2(ratio) / 2.0, -1.0, 1.0) * self.can_wait).astype(np.float32)

    def accuracy(self) -> NDArray[np.float32]:
        """Least accuracy that the request accepts, centred on a half.

        Raises ValueError where observations do not tell it.
        """
        if not self._extent.whole:
            raise ValueError("features: what accuracy requests accept is not observed here")
        least = split_further(self._observations, self._extent)[0][..., _ACCURACY]
        return (least * self.present - np.float32(0.5)).astype(np.float32)

    def queue_demand(self) -> NDArray[np.float32]:
        """Σ of uplink shares, as the channels are now, and of t/T_C; over 4 and at most 1."""
        share = self.slot["uplink_share"] + self.slot["compute"]
        return np.minimum(share.sum(axis=-1, keepdims=True) / np.float32(4.0), 1.0)

    def peers(self) -> NDArray[np.float32]:
        """Fraction of the queue with outputs at least as long."""
        output = self.slot["output"]
        longer = (output[..., None, :] >= output[..., :, None]) & (self.present[..., None, :] > 0.0)
        return longer.sum(axis=-1) / np.maximum(self.count, 1.0)

    def covered(self) -> NDArray[np.float32]:
        """1 where a request that cannot wait has an output at least as long, else 0."""
        output = self.slot["output"]
        urgent_output = (output * (self.present - self.can_wait)).max(axis=-1, keepdims=True)
        return (output <= urgent_output).astype(np.float32)
