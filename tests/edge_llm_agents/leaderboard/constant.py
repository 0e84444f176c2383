"""A policy that always does the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Constant:
    """One action for every row."""

    def __init__(self, action: NDArray) -> None:
        self._action = action

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        return np.tile(self._action, (len(observation), 1)), state
