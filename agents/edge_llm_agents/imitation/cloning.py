"""Behaviour cloning of demonstrations by a `SetPolicy`, in states of the teacher and of the student itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge_llm_agents.evaluation.progress import Progress, Report, tell_nobody
from edge_llm_agents.imitation.demonstrations import Demonstrations, demonstrate, joined, teacher_of
from edge_llm_agents.networks.actor_critics import SetPolicy
from edge_llm_agents.networks.set_networks import CLOSED_LOGIT
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.streams import Stream, draw_workloads

MINIBATCH = 512
"""States per gradient step."""

ROUNDS = 3
"""The teacher plays in the first; in the others the student does, and the teacher says what it would have done."""

PASSES, LAST_PASSES = 3, 10
"""Over all demonstrations so far: in each round, and in the last."""

LEARNING_RATE = 2e-3
"""At the start of each round."""


def imitate(
    model: Any, scenario: Scenario, teacher: str, episodes: int, seed: int, report: Report = tell_nobody
) -> list[float]:
    """Clone a teacher with a model's `SetPolicy`, in ROUNDS rounds; the last loss of each.

    `teacher` is one of TEACHERS or OF_TASKS, or the path of demonstrations (.npz): only they are cloned, in one round.
    `workloads` are played in each round. Raises ValueError for another teacher, or demonstrations of other
    observations.
    """
    if teacher.endswith(".npz"):
        found = Demonstrations.load(Path(teacher))
        if found.observations.shape[1:] != model.observation_space.shape:
            raise ValueError(
                f"imitate = {shown(teacher)}: has observations of length {found.observations.shape[1]}, "
                f"must be {model.observation_space.shape[0]}"
            )
        return clone(model.policy, found, passes=LAST_PASSES, learning_rate=LEARNING_RATE, seed=seed)[-1:]
    make_teacher = teacher_of(teacher, scenario, seed)
    workloads = draw_workloads(scenario, ROUNDS * episodes, seed, Stream.DEMONSTRATION)
    losses: list[float] = []
    met: list[Demonstrations] = []
    for turn in range(ROUNDS):
        report(Progress("imitating", turn, ROUNDS))
        played = workloads[turn * episodes : (turn + 1) * episodes]
        met.append(demonstrate(make_teacher(played), scenario, played, student=model if turn else None, seed=seed))
        passes = LAST_PASSES if turn == ROUNDS - 1 else PASSES
        losses += clone(model.policy, joined(met), passes=passes, learning_rate=LEARNING_RATE, seed=seed + turn)[-1:]
    report(Progress("imitating", ROUNDS, ROUNDS))
    return losses


def cloning_loss(scores: Tensor, action_masks: Tensor, remaining: Tensor) -> Tensor:
    """Mean of -log(probability that the action is a right one).

    Right is every slot that the teacher would still admit, or, where there is none, to dispatch: the teacher's batch is
    a set, so the student may begin with what it is surest of. `scores` (n, Q + 1) are logits.
    """
    right = torch.cat((remaining, ~remaining.any(dim=1, keepdim=True)), dim=1)
    log_probabilities = torch.log_softmax(scores.masked_fill(~action_masks, CLOSED_LOGIT), dim=1)
    return -torch.logsumexp(log_probabilities.masked_fill(~right, CLOSED_LOGIT), dim=1).mean()


def clone(
    policy: SetPolicy, demonstrations: Demonstrations, *, passes: int, learning_rate: float, seed: int
) -> list[float]:
    """Fit the policy's scores to demonstrations in that many passes; the mean loss of each pass.

    The learning rate falls linearly to 0. Only the actor changes.
    """
    rng = np.random.default_rng(seed)
    states = len(demonstrations.observations)
    observations, masks, remaining = (torch.from_numpy(array) for array in demonstrations)
    optimizer = torch.optim.Adam(policy.action_net.parameters(), lr=learning_rate, fused=True)
    rates = iter(np.linspace(learning_rate, 0.0, passes * -(-states // MINIBATCH), endpoint=False))
    losses = []
    for _ in range(passes):
        order = torch.from_numpy(rng.permutation(states))
        total = 0.0
        for chosen in order.split(MINIBATCH):
            loss = cloning_loss(policy.action_net(observations[chosen]), masks[chosen], remaining[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.param_groups[0]["lr"] = float(next(rates))
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
        losses.append(total / states)
    return losses
