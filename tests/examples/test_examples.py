"""Examples: they train, and the parts of the single-file PPO do what they say. `tests/tools` has RLlib's."""

from __future__ import annotations

import importlib.util
import math
import runpy
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from edge_llm_agents.adapters.threads import set_thread_counts
from tests.support.programs.processes import ROOT


@pytest.fixture(scope="module")
def ppo() -> ModuleType:
    set_thread_counts()
    spec = importlib.util.spec_from_file_location("cleanrl_ppo", ROOT / "examples" / "cleanrl_ppo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def short(tmp_path: Path) -> str:
    """The path of a scenario of few slots and epochs."""
    file = tmp_path / "short.toml"
    file.write_text('extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\nvisible_slots = 6\n')
    return str(file)


def test_advantages_by_hand(ppo: ModuleType):
    # Discount 1/2 and λ = 1/2. In step 1 the episode is truncated, so its error has the value of the observation that
    # followed, 8, and the sum ends there; step 2 begins anew; step 4 terminates, so nothing follows it.
    args = ppo.Args(gamma=0.5, gae_lambda=0.5)
    rewards = torch.tensor([[1.0], [2.0], [0.0], [4.0], [3.0]])
    values = torch.tensor([[2.0], [4.0], [8.0], [6.0], [2.0]])
    terminated = torch.tensor([[False], [False], [False], [False], [True]])
    done = torch.tensor([[False], [True], [False], [False], [True]])
    found = ppo.advantages_of(rewards, values, torch.tensor([100.0]), terminated, done, args)[:, 0].tolist()
    fourth = 3.0 - 2.0
    third = (4.0 + 0.5 * 2.0 - 6.0) + 0.25 * fourth
    first = 2.0 + 0.5 * 8.0 - 4.0
    zeroth = (1.0 + 0.5 * 4.0 - 2.0) + 0.25 * first
    assert [found[0], found[1], found[3], found[4]] == [zeroth, first, third, fourth]


def test_what_is_learned_from_holds_no_step_that_begins_an_episode(
    ppo: ModuleType, short: str, monkeypatch: pytest.MonkeyPatch
):
    batches = []
    monkeypatch.setattr(ppo, "update", lambda agent, optimizer, batch, args: batches.append(batch))
    ppo.train(ppo.Args(scenario=short, total_timesteps=1200, num_envs=4, num_steps=100, width=8))
    learned = sum(len(batch["actions"]) for batch in batches)
    ended = sum(int(batch["done"].sum()) for batch in batches)
    assert ended > 10
    assert 1200 - learned in range(ended - 4, ended + 1)  # an episode may end in the last step of all
    for batch in batches:
        assert batch["masks"].gather(1, batch["actions"][:, None]).all()
        assert torch.isfinite(batch["advantages"]).all()


def test_the_policy_keeps_to_the_mask_and_the_order_of_requests_does_not_matter(ppo: ModuleType):
    torch.manual_seed(0)
    agent = ppo.Agent(8)
    observations = torch.rand(3, ppo.CONTEXT + 5 * ppo.SLOT)
    observations[:, ppo.CONTEXT + ppo.PRESENT :: ppo.SLOT] = 1.0
    masks = torch.tensor([[True, False, True, True, False, True]] * 3)
    distribution = agent.policy(observations, masks)
    assert (distribution.probs[~masks] == 0.0).all()
    order = [2, 0, 1, 4, 3]
    slots = observations[:, ppo.CONTEXT :].unflatten(1, (5, ppo.SLOT))[:, order].flatten(1)
    reordered = torch.cat([observations[:, : ppo.CONTEXT], slots], 1)
    again = agent.policy(reordered, masks[:, [*order, 5]])
    torch.testing.assert_close(again.probs, distribution.probs[:, [*order, 5]])
    torch.testing.assert_close(agent.value(reordered), agent.value(observations))


def test_single_file_ppo_trains_and_tells_its_percent_of_dftsp(
    ppo: ModuleType, short: str, capsys: pytest.CaptureFixture[str]
):
    args = ppo.Args(scenario=short, total_timesteps=1024, num_envs=8, num_steps=64, width=16, eval_episodes=5)
    before = {name: value.clone() for name, value in ppo.Agent(16).state_dict().items()}
    agent = ppo.train(args)
    assert any((before[name] != value).any() for name, value in agent.state_dict().items())
    percent = ppo.evaluate(args, agent)
    assert 0.0 < percent <= 150.0
    assert math.isfinite(percent)
    assert f"{percent:.1f} % of DFTSP" in capsys.readouterr().out


def test_equal_seeds_equal_agents(ppo: ModuleType, short: str):
    args = ppo.Args(scenario=short, total_timesteps=256, num_envs=4, num_steps=32, width=8)
    one, other = ppo.train(args).state_dict(), ppo.train(args).state_dict()
    for name, value in one.items():
        np.testing.assert_array_equal(value.numpy(), other[name].numpy())


@pytest.mark.parametrize("messages", [True, False])
def test_one_policy_is_trained_for_all_nodes(messages: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "short.toml"
    file.write_text('extends = "two-cells"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\nvisible_slots = 6\n')
    example = runpy.run_path(str(ROOT / "examples" / "parameter_sharing.py"))
    args = example["Args"](scenario=str(file), total_timesteps=512, networks=2, episodes=2, messages=messages)
    percent = example["main"](args)
    assert f"({percent:.1f} %)" in capsys.readouterr().out


def test_agents_are_played_and_one_task_is_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "short.toml"
    file.write_text(
        'extends = "agents-chain"\ndescription = "short"\n[epoch]\nepisode_epochs = 40\nvisible_slots = 12\n'
    )
    example = runpy.run_path(str(ROOT / "examples" / "agents.py"))
    args = example["Args"](scenario=str(file), rules=("fewest-calls", "dftsp", "task-signals"), episodes=2)
    percent = example["main"](args)
    said = capsys.readouterr().out
    assert percent.keys() == {"DFTSP", "fewest calls left on average"}
    assert all(f"{name}: {one:.1f} % of the tasks" in said for name, one in percent.items())
    assert "calls, arrives at" in said
    assert said.splitlines()[-1].startswith(("completed", "not completed"))
