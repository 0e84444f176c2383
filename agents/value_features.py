"""What a value function sees of a request and of the queue, computed from observations alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.observation import SLOT_FEATURES, split_observation
from edge_llm_env.scenarios.schema import Scenario

_NAMES = [feature.name for feature in SLOT_FEATURES]
_PRESENT, _SLACK, _COMPUTE, _CAN_WAIT = (_NAMES.index(name) for name in ("present", "slack", "compute", "can_wait"))

RAMPS = 4
"""Ramps that the chance to wait is made of, each a quarter of an epoch of margin."""

FEATURES = (
    "can_wait",
    *(f"margin_ramp_{ramp}" for ramp in range(RAMPS)),
    "second_epoch",
    "can_wait_size",
    "chance_size",
    "chance_load",
    "chance_urgent_load",
    "can_wait_load",
    "chance_size_load",
    "window_slack",
    "size",
    "chance_squared_size",
)
"""The features, in order; `request_features` says what each is."""


class Scales(NamedTuple):
    """What turns an observation's entries back into seconds."""

    epoch_s: float
    """T_E"""
    window_s: float
    """T_C"""
    longest_latency_s: float
    """Scale of slacks in observations."""

    @classmethod
    def of(cls, scenario: Scenario) -> Scales:
        """Those of a scenario."""
        epoch = scenario.epoch
        return cls(epoch.epoch_s, epoch.compute_window_s, scenario.workload.latency_requirement_s.high)


def request_features(
    observations: NDArray[np.float32], scales: Scales
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features of every slot, (F, rows, Q), and which slots hold a request, 0 or 1 of shape (rows, Q).

    With margin = slack - T_E - t, where t is the compute time alone, the look-ahead rule's chance to be served in the
    next epoch is P = min(1, max(0, margin/T_E)) (`baselines.look_ahead`); it is the mean of the four ramps. Further:
    the same for the epoch after the next; the size t, in means of the queue; the load, Σ t/T_C of the queue; and of it
    the urgent part, of requests that cannot wait. Products of these let what waiting is worth depend on size and load.
    """
    slots = split_observation(observations)[1]
    # Contiguous, so that sums over slots are added up alike for one row and for many.
    present, slack, compute, can_wait = (
        np.ascontiguousarray(slots[..., column]) for column in (_PRESENT, _SLACK, _COMPUTE, _CAN_WAIT)
    )
    slack = slack * np.float32(scales.longest_latency_s)
    margin = (slack - np.float32(scales.epoch_s) - compute * np.float32(scales.window_s)) / np.float32(scales.epoch_s)
    chance = np.clip(margin, 0.0, 1.0)
    load = compute.sum(axis=-1, keepdims=True)
    urgent = (compute * (1.0 - can_wait)).sum(axis=-1, keepdims=True)
    size = compute * present.sum(axis=-1, keepdims=True) / np.maximum(load, np.float32(1e-6))
    columns = (
        can_wait,
        *(np.clip(RAMPS * margin - ramp, 0.0, 1.0) for ramp in range(RAMPS)),
        np.clip(margin - 1.0, 0.0, 1.0),
        can_wait * size,
        chance * size,
        chance * (load - 1.0),
        chance * (urgent - 0.5),
        can_wait * (load - 1.0),
        chance * size * (load - 1.0),
        np.minimum(slack / np.float32(scales.window_s), 1.0),
        size,
        chance * chance * size,
    )
    return np.stack(columns).astype(np.float32), present
