"""The discount of `LookAhead`, tuned on training tapes of the scenario that it is for."""

from __future__ import annotations

import numpy as np

from baselines.look_ahead import LookAhead
from baselines.playing import served_by
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

DISCOUNTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Values of δ to try; 0.05 already settles ties."""

TUNING_EPISODES = 40
"""Tapes to tune on: a few seconds for a preset."""


def tuned_look_ahead(scenario: Scenario, seed: int = 0, episodes: int = TUNING_EPISODES) -> LookAhead:
    """`LookAhead` with the discount of `tune_discount`."""
    return LookAhead(tune_discount(scenario, seed, episodes), scenario.epoch.epoch_s)


def tune_discount(scenario: Scenario, seed: int = 0, episodes: int = TUNING_EPISODES) -> float:
    """The δ of DISCOUNTS that serves most on that many tapes, the smallest of equal ones.

    Equal seeds, equal tapes and equal δ. Raises ValueError for less than one episode.
    """
    workloads = draw_workloads(scenario, episodes, seed, Stream.TUNING)
    served = [
        int(served_by(LookAhead(discount, scenario.epoch.epoch_s), scenario, workloads).sum()) for discount in DISCOUNTS
    ]
    return DISCOUNTS[int(np.argmax(served))]
