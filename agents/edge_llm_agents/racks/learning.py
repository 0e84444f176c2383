"""Learning a policy of a rack: a forecast from workloads, and how cautious a plan by it is best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edge_llm_agents.racks.forecast import fit_forecast
from edge_llm_agents.racks.policy import LearnedRack
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.planned import HORIZON_EPOCHS
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads


@dataclass(frozen=True)
class RackSettings:
    """How a policy of a rack is learned."""

    episodes: int = 300
    """Workloads that the forecast is fitted to."""
    ridges: tuple[float, ...] = (3.0, 30.0, 300.0)
    """Weights of the squared coefficients beside the squared errors that are tried."""
    cautions: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8, 1.0)
    """Parts of the forecast's deviation that are tried."""
    validation_episodes: int = 50
    """Workloads that choose among these, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        for name in ("episodes", "validation_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")
        for name in ("ridges", "cautions"):
            if not getattr(self, name) or min(getattr(self, name)) < 0:
                raise ValueError(f"{name} = {getattr(self, name)}: must be numbers of at least 0")


class Found(NamedTuple):
    """What was learned."""

    policy: LearnedRack
    validation_reward: float
    """Mean reward of an episode of the validation workloads."""
    ridge: float
    epoch_steps: int
    """Epochs that workloads were looked at or played in."""


def learn_rack(scenario: Scenario, settings: RackSettings | None = None, seed: int = 0) -> Found:
    """Fit and choose; equal settings and seeds learn the same."""
    settings = settings or RackSettings()
    workloads = training_workloads(scenario, seed, 0, settings.episodes)
    validation = draw_workloads(scenario, settings.validation_episodes, seed, Stream.VALIDATION)
    horizon = min(HORIZON_EPOCHS, scenario.epoch.episode_epochs)
    best: tuple[float, LearnedRack, float] | None = None
    for ridge in settings.ridges:
        forecast = fit_forecast(scenario, workloads, horizon, ridge)
        for caution in settings.cautions:
            policy = LearnedRack(forecast, float(np.float32(caution)), scenario)
            reward = float(earned(policy.acting, scenario, validation).reward.mean())
            if best is None or reward > best[0]:
                best = reward, policy, ridge
    assert best is not None  # there are ridges and cautions
    tried = len(settings.ridges) * len(settings.cautions) * settings.validation_episodes
    steps = (settings.episodes + tried) * scenario.epoch.episode_epochs
    return Found(best[1], best[0], best[2], steps)
