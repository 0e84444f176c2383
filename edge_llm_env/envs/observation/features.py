"""What an observation shows: its features, the layouts of the environments, and how one is taken apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.observation.layout import (
    Feature,
    Layout,
    once,
    per_class,
    per_module,
    per_slot,
    per_slot_and_whole,
    per_variant,
    per_variant_and_class,
)
from edge_llm_env.scenarios.schema import Scenario

CONTEXT_FEATURES = (
    Feature("batch_size", "Q", "requests in the batch so far"),
    Feature("batch_uplink_share", "1", "share of the uplink (of T_E where the split is flexible) that the batch uses"),
    Feature("batch_downlink_share", "1", "share of the downlink, likewise"),
    Feature("batch_memory", "M", "weights and KV cache of the batch, bytes"),
    Feature("batch_compute", "window", "compute time of the batch, and transfers where the split is flexible, s"),
    Feature("batch_headroom", "window", "time left below the window and the least slack of the batch, s"),
    Feature("batch_longest_prompt", "longest prompt", "longest prompt of the batch, tokens"),
    Feature("batch_longest_output", "longest output", "longest output of the batch, tokens"),
    Feature("visible", "Q", "slots in use"),
    Feature("beyond_visible", "Q", "pending requests that no slot shows"),
)

SLOT_FEATURES = (
    Feature("present", "1", "1 if the slot holds a pending request"),
    Feature("admissible", "1", "1 if the batch stays feasible with it"),
    Feature("slack", "longest latency requirement", "most time that a batch that serves it may take, s"),
    Feature("compute", "window", "compute time of the batch of it alone, s"),
    Feature("memory", "M", "KV cache of the batch of it alone, bytes"),
    Feature("uplink_share", "1", "smallest share of the uplink band that it needs"),
    Feature("downlink_share", "1", "smallest share of the downlink band that it needs"),
    Feature("prompt", "longest prompt", "prompt length as computed, tokens"),
    Feature("output", "longest output", "output length, tokens"),
    Feature("can_wait", "1", "1 if it could still be served alone one epoch later"),
)

TO_COME_FEATURES = (
    Feature("uplink_share_to_come", "1", "uplink_share in the best later epoch that can be expected; 1 without one"),
    Feature("downlink_share_to_come", "1", "downlink_share, likewise"),
)

UPLOAD_FEATURES = (
    Feature("sent", "1", "part of the upload that is sent", carried_over=True),
    Feature("upload", "1", "u / (1 + u) of the share u of the uplink that the rest needs, which may be over 1", True),
    Feature(
        "rate_to_best",
        "1",
        "r / (1 + r) of r, today's rate over that in the best later epoch that can be expected",
        True,
    ),
    Feature("rate_to_mean", "1", "likewise, over that of the mean gain that can be expected in later epochs", True),
)
"""Behind `TO_COME_FEATURES`, where uploads carry over."""

VARIANT_FEATURES = (
    Feature("modules", "M", "modules that host the variant"),
    Feature("loaded", "M", "those of them that have loaded its weights"),
)
ACCURACY = Feature("accuracy", "1", "accuracy that the variant offers to the class; 0 if it does not serve it")

REQUIREMENT_FEATURES = (
    Feature("accuracy_requirement", "1", "least accuracy that the request in the slot accepts"),
    Feature("class", "K", "number of its class, from 1"),
)

MODULE_FEATURES = (
    Feature("hosts", "G", "number of the variant that the module hosts, from 1 for the cheapest; 0 if it is idle"),
    Feature("loads", "longest loading", "time until it has loaded the weights, s"),
)

CLASS_FEATURES = (
    Feature("waiting", "Q", "slots that hold a request of the class"),
    Feature(
        "recent_share",
        "1",
        "share of the class in recent arrivals, those of an epoch counting half as much as the next",
    ),
    Feature(
        "since_busy",
        "32 T_E",
        "time since the class became busy, its recent share at least 1.5 / K; 1 if it never did, s",
    ),
)
"""Where there are several classes."""

LONG_AGO_EPOCHS = 32.0
"""Scale of `since_busy`."""

OBSERVATION = (once(*CONTEXT_FEATURES), per_slot(*SLOT_FEATURES))
"""The layout where an agent chooses a batch."""

OBSERVATION_OF_BANDS = (*OBSERVATION, per_slot(*TO_COME_FEATURES, *UPLOAD_FEATURES))
"""The layout where it divides bands."""

OBSERVATION_OF_VARIANTS = (
    *OBSERVATION,
    per_slot(*TO_COME_FEATURES, *REQUIREMENT_FEATURES),
    per_variant(*VARIANT_FEATURES),
    per_variant_and_class(ACCURACY),
    per_module(*MODULE_FEATURES),
    per_class(*CLASS_FEATURES),
)
"""The layout where it divides modules."""

ADMISSIBLE = SLOT_FEATURES.index(next(feature for feature in SLOT_FEATURES if feature.name == "admissible"))
CONTEXT, SLOT, VARIANT = len(CONTEXT_FEATURES), len(SLOT_FEATURES), len(VARIANT_FEATURES)
TO_COME, UPLOAD, MODULE = len(TO_COME_FEATURES), len(UPLOAD_FEATURES), len(MODULE_FEATURES)
REQUIREMENT, CLASS = len(REQUIREMENT_FEATURES), len(CLASS_FEATURES)
"""How many of each there are."""


class Extent(NamedTuple):
    """What stands behind the features that all environments have, so that an observation can be taken apart."""

    per_slot: int = 0
    """Further features of each slot."""
    whole: int = 0
    """Entries of variants, modules and classes."""

    @classmethod
    def of(cls, layout: Layout, scenario: Scenario) -> Extent:
        """That of a layout in a scenario."""
        return cls(*per_slot_and_whole(layout[len(OBSERVATION) :], scenario))

    def slots(self, entries: int) -> int:
        """Q of observations of that many entries; raises ValueError where none is of this extent."""
        slots, rest = divmod(entries - CONTEXT - self.whole, SLOT + self.per_slot)
        if rest or slots < 1:
            raise ValueError(f"{self}: observations of length {entries} are of another")
        return slots


PLAIN = Extent()
"""That of `OBSERVATION`."""


def split_observation(
    observation: NDArray[np.float32], extent: Extent = PLAIN
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Views of observations of shape (..., length): their context (..., C) and their slots (..., Q, S)."""
    end = CONTEXT + extent.slots(observation.shape[-1]) * SLOT
    slots = observation[..., CONTEXT:end]
    return observation[..., :CONTEXT], slots.reshape(*slots.shape[:-1], -1, SLOT)


def split_further(observation: NDArray[np.float32], extent: Extent) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Views of what stands behind: further features of the slots (..., Q, `extent.per_slot`), and the rest."""
    end, slots = observation.shape[-1] - extent.whole, extent.slots(observation.shape[-1])
    further = observation[..., end - slots * extent.per_slot : end]
    return further.reshape(*further.shape[:-1], slots, extent.per_slot), observation[..., end:]


def slot_feature(observation: NDArray[np.float32], name: str, extent: Extent = PLAIN) -> NDArray[np.float32]:
    """View of one of SLOT_FEATURES of observations of shape (..., length), of shape (..., Q)."""
    index = [feature.name for feature in SLOT_FEATURES].index(name)
    return split_observation(observation, extent)[1][..., index]
