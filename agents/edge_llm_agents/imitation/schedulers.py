"""Cloning a scheduler of an engine's iterations, in states of the scheduler and of the student itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge_llm_agents.evaluation.playing import MaskedModel
from edge_llm_agents.evaluation.progress import Progress, Report, tell_nobody
from edge_llm_agents.imitation.cloning import LAST_PASSES, LEARNING_RATE, MINIBATCH, PASSES, ROUNDS
from edge_llm_agents.networks.engine_sets import EngineSetPolicy
from edge_llm_agents.networks.set_networks import CLOSED_LOGIT
from edge_llm_baselines.playing.play import MakePolicy, Policy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.dynamics.state import finished
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload


class Decisions(NamedTuple):
    """n states and what a scheduler does in each."""

    observations: NDArray[np.float32]
    """(n, length)"""
    action_masks: NDArray[np.bool_]
    """(n, actions)"""
    actions: NDArray[np.int64]
    """(n,)"""


def imitate_scheduler(
    model: Any, scenario: Scenario, teacher: MakePolicy, episodes: int, seed: int, report: Report = tell_nobody
) -> list[float]:
    """Clone a scheduler with a model's `EngineSetPolicy`, in ROUNDS rounds; the last loss of each.

    The scheduler plays `episodes` workloads in the first round; in the others the student does, and the scheduler says
    what it would have done (DAgger, arXiv 1011.0686).
    """
    workloads = draw_workloads(scenario, ROUNDS * episodes, seed, Stream.DEMONSTRATION)
    met: list[Decisions] = []
    losses = []
    for turn in range(ROUNDS):
        report(Progress("imitating", turn, ROUNDS))
        played = workloads[turn * episodes : (turn + 1) * episodes]
        met.append(decisions_of(teacher, scenario, played, student=model if turn else None))
        seen = Decisions(*(np.concatenate(arrays) for arrays in zip(*met, strict=True)))
        passes = LAST_PASSES if turn == ROUNDS - 1 else PASSES
        losses.append(clone_decisions(model.policy, seen, passes=passes, seed=seed + turn))
    report(Progress("imitating", ROUNDS, ROUNDS))
    return losses


def decisions_of(
    teacher: MakePolicy, scenario: Scenario, workloads: Sequence[Workload], student: Policy | None = None
) -> Decisions:
    """What the teacher does in every state of an episode of each workload, played by itself or by a student."""
    env = vector_of(CONTINUOUS_BATCHING, scenario, workloads)
    noting = _Noting(teacher(env), env, student)
    for _ in play(env, noting, workloads=workloads, deterministic=False):
        pass
    env.close()
    return Decisions(*(np.concatenate(arrays) for arrays in zip(*noting.met, strict=True)))


class _Noting:
    """Notes, before each step, the states of the rows that still play and the teacher's actions."""

    def __init__(self, teacher: Policy, env: Any, student: Policy | None) -> None:
        self.met: list[Decisions] = []
        self._teacher, self._env = teacher, env.unwrapped
        self._student = None if student is None else MaskedModel(student, env)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The actions of the student, or the teacher's."""
        simulation = self._env.simulation
        playing = ~finished(simulation.params, simulation.state)
        actions, _ = self._teacher.predict(observation)
        self.met.append(Decisions(observation[playing], self._env.action_masks()[playing], actions[playing]))
        if self._student is not None:
            return self._student.predict(observation, state, episode_start, deterministic)
        return actions, state


def clone_decisions(policy: EngineSetPolicy, decisions: Decisions, *, passes: int, seed: int) -> float:
    """Fit the policy's scores to decisions in that many passes; the mean loss of the last.

    The learning rate falls linearly to 0. Only the actor changes.
    """
    rng, states = np.random.default_rng(seed), len(decisions.actions)
    observations, masks, actions = (torch.from_numpy(np.ascontiguousarray(array)) for array in decisions)
    optimizer = torch.optim.Adam(policy.action_net.parameters(), lr=LEARNING_RATE, fused=True)
    rates = iter(np.linspace(LEARNING_RATE, 0.0, passes * -(-states // MINIBATCH), endpoint=False))
    total = 0.0
    for _ in range(passes):
        total = 0.0
        for chosen in torch.from_numpy(rng.permutation(states)).split(MINIBATCH):
            scores = policy.action_net(observations[chosen]).masked_fill(~masks[chosen], CLOSED_LOGIT)
            loss = functional.cross_entropy(scores, actions[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.param_groups[0]["lr"] = float(next(rates))
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
    return total / states
