"""Behaviour cloning of the environment's reference rule: the rule plays, a network learns to do the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from edge_llm_agents.protocol.learners.learner import Asked, Learned, Learner
from edge_llm_agents.training.models import ROWS, fitting, networks_of, new_model
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.envs.suite import BATCH_SELECTION, SERVICE_LEVEL
from edge_llm_env.workload.streams import Stream, draw_workloads

PASSES, MINIBATCH, LEARNING_RATE = 10, 256, 1e-3


def fits(env_id: str) -> bool:
    """Whether the rule's actions are those of a network: not where it names what the network only values."""
    return env_id not in (BATCH_SELECTION, SERVICE_LEVEL)


def learn(asked: Asked) -> Learned:
    """Note the rule's decisions until the budget is used, then raise their likelihood by passes over all of them."""
    algorithm = fitting(asked.env_id)[0]
    network = networks_of(algorithm, asked.env_id)[-1]  # sets, where it has them
    model = new_model(asked.env_id, asked.scenario, algorithm, network, asked.seed)
    observations, actions, masks = _demonstrations(asked)
    policy: Any = model.policy
    generator = np.random.default_rng(asked.seed)
    optimizer = torch.optim.Adam(policy.parameters(), LEARNING_RATE)
    for _ in range(PASSES):
        order = generator.permutation(len(observations))
        for begin in range(0, len(order), MINIBATCH):
            some = order[begin : begin + MINIBATCH]
            masked = {} if masks is None else {"action_masks": masks[some]}
            seen = torch.as_tensor(observations[some])
            _, log_prob, _ = policy.evaluate_actions(seen, torch.as_tensor(actions[some]), **masked)
            loss = -log_prob.mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
            optimizer.step()
    asked.curve.add(model, len(observations))
    return Learned(model, len(observations))


def _demonstrations(asked: Asked) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """What the rule saw and did, and the masks where there are some: as many decisions as the budget has."""
    _, make_policy = baselines_of(asked.env_id).tuned_oracle(asked.scenario, asked.seed)
    observations: list[np.ndarray] = []
    actions: list[np.ndarray] = []
    masks: list[np.ndarray] = []
    left, played = asked.decisions, 0
    while left > 0:
        workloads = draw_workloads(asked.scenario, ROWS, asked.seed, Stream.DEMONSTRATION, first=played)
        played += ROWS
        env = vector_of(asked.env_id, asked.scenario, workloads)
        noting = _Noting(make_policy(env), env.unwrapped)
        ended = np.zeros(ROWS, dtype=np.bool_)
        for step in play(env, noting, workloads=workloads):
            rows = np.flatnonzero(~ended)[:left]
            observations.append(noting.observation[rows])
            actions.append(np.asarray(step.action)[rows])
            if noting.mask is not None:
                masks.append(noting.mask[rows])
            left -= len(rows)
            ended |= step.truncated
            if left <= 0:
                break
        env.close()
    return np.concatenate(observations), np.concatenate(actions), np.concatenate(masks) if masks else None


class _Noting:
    """A policy that notes what it saw and under which mask it decided: a step changes both."""

    def __init__(self, policy: Any, env: Any) -> None:
        self._policy, self._env = policy, env
        self.observation: Any = None
        self.mask: Any = None

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The policy's."""
        self.observation = observation.copy()
        self.mask = self._env.action_masks().copy() if hasattr(self._env, "action_masks") else None
        return self._policy.predict(observation, state, episode_start, deterministic)


IMITATION = Learner(learn, fits, knows="structure", off_policy=True, settings=(PASSES, MINIBATCH, LEARNING_RATE))
