"""What a value function may see of a request and of the queue, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.value_search.seen import Scales, Seen
from edge_llm_env.envs.observation.features import PLAIN, Extent

RAMPS = 4
"""Ramps that the chance to wait may be made of, each a quarter of an epoch of margin."""


def _ramp(number: int) -> Callable[[Seen], NDArray]:
    return lambda seen: np.clip(RAMPS * seen.margin - number, 0.0, 1.0)


COLUMNS: dict[str, Callable[[Seen], NDArray]] = {
    "can_wait": lambda seen: seen.can_wait,
    "chance": lambda seen: seen.chance,
    **{f"margin_ramp_{number}": _ramp(number) for number in range(RAMPS)},
    "second_epoch": lambda seen: seen.further(1),
    "third_epoch": lambda seen: seen.further(2),
    "fourth_epoch": lambda seen: seen.further(3),
    "can_wait_size": lambda seen: seen.can_wait * seen.size,
    "chance_size": lambda seen: seen.chance * seen.size,
    "chance_load": lambda seen: seen.chance * (seen.load - 1.0),
    "chance_urgent_load": lambda seen: seen.chance * (seen.urgent - 0.5),
    "can_wait_load": lambda seen: seen.can_wait * (seen.load - 1.0),
    "chance_size_load": lambda seen: seen.chance * seen.size * (seen.load - 1.0),
    "window_slack": lambda seen: seen.window_slack,
    "size": lambda seen: seen.size,
    "chance_squared_size": lambda seen: seen.chance * seen.chance * seen.size,
    "chance_channel": lambda seen: seen.chance * seen.channel_cost(),
    "second_epoch_channel": lambda seen: seen.further(1) * seen.channel_cost(),
    "third_epoch_channel": lambda seen: seen.further(2) * seen.channel_cost(),
    "chance_channel_squared": lambda seen: seen.chance * np.square(seen.channel_cost()),
    "chance_prompt": lambda seen: seen.chance * (seen.slot["prompt"] - np.float32(0.5)),
    "chance_prompt_channel": lambda seen: seen.chance * seen.slot["prompt"] * seen.channel_cost(),
    "chance_demand": lambda seen: seen.chance * (seen.queue_demand() - np.float32(0.5)),
    "channel": lambda seen: seen.channel_cost(),
    "chance_output": lambda seen: seen.chance * (seen.slot["output"] - np.float32(0.5)),
    "second_epoch_output": lambda seen: seen.further(1) * (seen.slot["output"] - np.float32(0.5)),
    "third_epoch_output": lambda seen: seen.further(2) * (seen.slot["output"] - np.float32(0.5)),
    "chance_peers": lambda seen: seen.chance * (seen.peers() - np.float32(0.5)),
    "chance_output_peers": lambda seen: seen.chance * (seen.slot["output"] - np.float32(0.5)) * seen.peers(),
    "chance_covered": lambda seen: seen.chance * seen.covered(),
    "chance_output_covered": lambda seen: seen.chance * seen.slot["output"] * seen.covered(),
    "output": lambda seen: seen.slot["output"],
    "better_later": lambda seen: seen.better_later(),
    "chance_better_later": lambda seen: seen.chance * seen.better_later(),
    "second_epoch_better_later": lambda seen: seen.further(1) * seen.better_later(),
    "third_epoch_better_later": lambda seen: seen.further(2) * seen.better_later(),
    "accuracy": lambda seen: seen.accuracy(),
    "chance_accuracy": lambda seen: seen.chance * seen.accuracy(),
    "chance_accuracy_load": lambda seen: seen.chance * seen.accuracy() * (seen.load - 1.0),
    "size_accuracy": lambda seen: seen.size * seen.accuracy(),
}
"""Every feature there is, by its name. Products let what waiting is worth depend on what they are products with."""

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
"""For requests that can wait one or two epochs, all alike but for their size."""

FEATURE_SETS: dict[str, tuple[str, ...]] = {
    "waiting": FEATURES,
    "channel": (
        "can_wait",
        "chance",
        "second_epoch",
        "third_epoch",
        "fourth_epoch",
        "chance_channel",
        "second_epoch_channel",
        "third_epoch_channel",
        "chance_channel_squared",
        "chance_prompt",
        "chance_prompt_channel",
        "chance_demand",
        "chance_size",
        "channel",
    ),
    "grouping": (
        "can_wait",
        "chance",
        "second_epoch",
        "third_epoch",
        "chance_output",
        "second_epoch_output",
        "third_epoch_output",
        "chance_peers",
        "chance_output_peers",
        "chance_covered",
        "chance_output_covered",
        "chance_size",
        "chance_load",
        "chance_urgent_load",
        "output",
    ),
    "foreseen": (
        "can_wait",
        "chance",
        "second_epoch",
        "third_epoch",
        "fourth_epoch",
        "chance_channel",
        "second_epoch_channel",
        "chance_prompt",
        "chance_demand",
        "chance_size",
        "channel",
        "better_later",
        "chance_better_later",
        "second_epoch_better_later",
        "third_epoch_better_later",
    ),
    "tiers": (*FEATURES, "third_epoch", "accuracy", "chance_accuracy", "chance_accuracy_load", "size_accuracy"),
}
"""Features by what they are for: deadlines of one or two epochs; patient requests whose channels change; patient
requests in batches that run until their longest output is done; patient requests whose channels are expected to become
something that is observed; requests of which some variants are not accurate enough for."""

PLAIN_FEATURE_SETS = {
    name: features
    for name, features in FEATURE_SETS.items()
    if not any("better_later" in feature or "accuracy" in feature for feature in features)
}
"""Those that are made of observations which tell neither what channels are expected to become nor accuracies."""


def request_features(
    observations: NDArray[np.float32], scales: Scales, names: Sequence[str] = FEATURES, extent: Extent = PLAIN
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features of every slot, (F, rows, Q), and which slots hold a request, 0 or 1 of shape (rows, Q).

    `names` are of `COLUMNS`; `Seen` says what they are made of.
    """
    seen = Seen(observations, scales, extent)
    return np.stack([COLUMNS[name](seen) for name in names]).astype(np.float32), seen.present
