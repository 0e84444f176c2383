"""Learning that uses the structure: a network over the set of requests corrects look-ahead through the exact search."""

from __future__ import annotations

from dataclasses import replace

from edge_llm_agents.protocol.learners.learner import Asked, Learned, Learner
from edge_llm_agents.structured.learning import learn_worths, look_ahead_base
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_env.envs.suite import BATCH_SELECTION

SETTINGS = StructuredSettings()


def fits(env_id: str) -> bool:
    """Whether an action is a batch, which the exact search chooses by what each request is worth."""
    return env_id == BATCH_SELECTION


def learn(asked: Asked) -> Learned:
    """Play and fit as often as ever, with as many workloads as the budget has decisions for.

    Raises ValueError for fewer decisions than a workload a round takes.
    """
    epochs = asked.scenario.epoch.episode_epochs
    each = SETTINGS.rounds * (1 + SETTINGS.copies) * epochs
    if asked.decisions < each:
        raise ValueError(f"decisions = {asked.decisions}: must be at least {each}, those of a workload a round")
    horizon_epochs = min(SETTINGS.horizon_epochs, epochs)
    settings = replace(SETTINGS, episodes=asked.decisions // each, horizon_epochs=horizon_epochs)
    found = learn_worths(look_ahead_base(asked.scenario, settings.features, asked.seed), settings, asked.seed)
    asked.curve.add(found.policy, found.epoch_steps)
    return Learned(found.policy, found.epoch_steps)


STRUCTURED = Learner(learn, fits, settings=SETTINGS)
