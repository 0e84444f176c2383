"""The rules of the field, by the keys that commands take."""

from __future__ import annotations

from collections.abc import Callable

from edge_llm_baselines.uploads.rules import (
    EarliestDeadlineFirst,
    MaximumRate,
    ProportionalFair,
    ShortestRemainingTime,
    UploadRule,
)

UPLOAD_RULES: dict[str, tuple[str, Callable[[], UploadRule]]] = {
    "srt": ("shortest remaining time", ShortestRemainingTime),
    "maximum-rate": ("maximum rate", MaximumRate),
    "proportional-fair": ("proportional fair", ProportionalFair),
    "edf": ("earliest deadline first", EarliestDeadlineFirst),
}
"""Name in tables and class of each."""
