"""What the levels of a scenario stand for: a group of modules, and by how much the prompt is compressed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.inference.catalog import load_device
from edge_llm_env.inference.mechanisms.prompt_compression import PromptCompression
from edge_llm_env.scenarios import Scenario

NOT_NOW = 0
"""The level of a slot that serves nobody."""

WHOLE = PromptCompression(ratio=1.0)
"""How a prompt is not compressed, which every group offers before what `node.compression_levels` has."""


class LevelTable(NamedTuple):
    """What a scenario's levels stand for: level 1 + g·C + c is group g of modules, and compression c of C.

    Groups are those of `edge_llm_env.dynamics.modules`, two of each variant; arrays are of shape (C,), whole prompts
    first.
    """

    ratio: NDArray[np.float64]
    """Tokens of a prompt over those that are left."""
    s_per_token: NDArray[np.float64]
    """Time that the node's compressor takes per token of the whole prompt (s); 0 where the user's device compresses."""
    retained: NDArray[np.float64]
    """Part of the accuracy that is left, 0..1."""
    at_user: NDArray[np.bool_]
    """The user's device compresses, so that the upload is shorter too."""
    module_power_w: float
    """Of a module that compresses."""
    counts_accuracy: bool
    """Who is served is worth the accuracy that it is served with, and not 1."""


class LevelActions(NamedTuple):
    """Actions as kernels take them."""

    entries: NDArray[np.int64]
    """(Q + M,), or (R, Q + M) of R rows: levels of slots, then what modules shall hold."""
    table: LevelTable


def table_of(scenario: Scenario) -> LevelTable:
    """That of a scenario."""
    levels = (WHOLE, *scenario.node.compression_levels)
    return LevelTable(
        np.array([level.ratio for level in levels]),
        np.array([level.s_per_token if level.at == "node" else 0.0 for level in levels]),
        np.array([level.retained for level in levels]),
        np.array([level.at == "user" for level in levels]),
        float(load_device(scenario.node.device).power_w),
        scenario.workload.value == "accuracy",
    )


def levels_in(scenario: Scenario) -> int:
    """How many levels a slot can have, beside not now."""
    return len(scenario.variants) * GROUPS * (1 + len(scenario.node.compression_levels))
