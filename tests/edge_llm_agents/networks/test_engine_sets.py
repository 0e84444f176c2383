"""Networks over who waits and who runs."""

from __future__ import annotations

import numpy as np
import torch

from edge_llm_agents.imitation.schedulers import Decisions, clone_decisions
from edge_llm_agents.networks.engine_sets import EngineScores, EngineSetPolicy, EngineValue
from edge_llm_agents.training.models import new_model
from edge_llm_env import load_scenario
from edge_llm_env.envs.continuous_batching.observation import ENGINE_FEATURES, RUNNING_FEATURES, WAITING_FEATURES
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING

WAITING, RUNNING, BUDGETS = 5, 7, 3
ENGINE, OF_WAITING, OF_RUNNING = len(ENGINE_FEATURES), len(WAITING_FEATURES), len(RUNNING_FEATURES)


def drawn(batch: int) -> torch.Tensor:
    """Observations of some queues and batches, of which the last slots are empty."""
    generator = torch.Generator().manual_seed(0)
    waiting = torch.rand((batch, WAITING, OF_WAITING), generator=generator)
    running = torch.rand((batch, RUNNING, OF_RUNNING), generator=generator)
    waiting[:, :, 0] = running[:, :, 0] = 1.0
    waiting[:, 3:], running[:, 4:] = 0.0, 0.0
    engine = torch.rand((batch, ENGINE), generator=generator)
    return torch.cat((engine, waiting.flatten(1), running.flatten(1)), dim=1)


def test_scores_follow_their_slots_and_the_value_stays() -> None:
    torch.manual_seed(0)
    scores, value = EngineScores((WAITING, RUNNING, BUDGETS), 16), EngineValue((WAITING, RUNNING, BUDGETS), 16)
    seen = drawn(4)
    behind = ENGINE + WAITING * OF_WAITING
    waiting = seen[:, ENGINE:behind].unflatten(1, (WAITING, OF_WAITING))
    running = seen[:, behind:].unflatten(1, (RUNNING, OF_RUNNING))
    first, second = torch.randperm(WAITING), torch.randperm(RUNNING)
    moved = torch.cat((seen[:, :ENGINE], waiting[:, first].flatten(1), running[:, second].flatten(1)), dim=1)
    admit, preempt, drop, run = scores(seen).split((WAITING, RUNNING, WAITING, BUDGETS), dim=1)
    expected = torch.cat((admit[:, first], preempt[:, second], drop[:, first], run), dim=1)
    torch.testing.assert_close(scores(moved), expected)
    torch.testing.assert_close(value(moved), value(seen))


def test_decisions_that_follow_from_a_feature_are_cloned() -> None:
    scenario = load_scenario("chat-4090", **{"epoch.visible_slots": WAITING, "iterations.running_slots": RUNNING})
    model = new_model(CONTINUOUS_BATCHING, scenario, "ppo_mask", "set", seed=0)
    assert isinstance(model.policy, EngineSetPolicy)
    seen = drawn(2000)
    masks = np.zeros((2000, model.action_space.n), dtype=np.bool_)
    masks[:, :3] = True
    prompts = seen[:, ENGINE : ENGINE + 3 * OF_WAITING].unflatten(1, (3, OF_WAITING))[:, :, 4]
    decisions = Decisions(seen.numpy(), masks, prompts.argmin(dim=1).numpy())
    begun = clone_decisions(model.policy, decisions, passes=1, seed=0)
    loss = clone_decisions(model.policy, decisions, passes=30, seed=0)
    assert loss < 0.35 < begun
    model.env.close()
