"""Algorithms of Stable-Baselines3 with this suite's settings, and a point of the curve every so often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from edge_llm_agents.protocol.learners.learner import Asked, Curve, Learned, Learner
from edge_llm_agents.training.models import ALGORITHMS, NETWORKS, ROWS, fitting, networks_of, new_model

OFF_POLICY = ("dqn", "sac", "td3")

STEPS_OF_A_BATCH = 16
"""Of each row in a minibatch of 256: rollouts are whole minibatches."""


class _Points(BaseCallback):
    """Takes the points of a curve while a model learns."""

    def __init__(self, curve: Curve) -> None:
        super().__init__()
        self._curve = curve

    def _on_step(self) -> bool:
        if self._curve.due(self.num_timesteps):
            self._curve.add(self.model, self.num_timesteps)
        return True


def of_sb3(algorithm: str, network: str) -> Learner:
    """One of `edge_llm_agents.training.models.ALGORITHMS` with one of its NETWORKS."""

    def learn(asked: Asked) -> Learned:
        settings = _within(asked.decisions, standard)
        model = new_model(asked.env_id, asked.scenario, algorithm, network, asked.seed, **settings)
        rollout = ROWS * settings.get("n_steps", 1)
        model.learn(max(1, asked.decisions // rollout) * rollout, callback=_Points(asked.curve))
        if not asked.curve.ends_at(model.num_timesteps):
            asked.curve.add(model, model.num_timesteps)
        return Learned(model, model.num_timesteps)

    standard = ALGORITHMS[algorithm][1]
    settings = str(sorted(standard.items()))

    def fits(env_id: str) -> bool:
        return algorithm in fitting(env_id) and network in networks_of(algorithm, env_id)

    return Learner(learn, fits, off_policy=algorithm in OFF_POLICY, settings=settings)


def _within(decisions: int, standard: Mapping[str, Any]) -> dict[str, Any]:
    """What of the settings must be less for a budget: whole rollouts, so that no run uses more, and an early start."""
    if "n_steps" in standard:
        of_rows = decisions // ROWS
        return {"n_steps": min(standard["n_steps"], max(STEPS_OF_A_BATCH, of_rows - of_rows % STEPS_OF_A_BATCH))}
    return {"learning_starts": min(standard["learning_starts"], decisions // 4)}


SB3 = {
    algorithm if network == "mlp" else f"{algorithm} ({network})": of_sb3(algorithm, network)
    for network, policies in NETWORKS.items()
    for algorithm in policies
}
"""Every algorithm with every network that it has, by its name in tables."""
