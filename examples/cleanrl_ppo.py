"""Masked PPO on EdgeLLM/Batching-v0 in one file, in the manner of CleanRL: python examples/cleanrl_ppo.py.

Plain PyTorch on the native vector environment. At the end it prints what the policy serves on held-out episodes, in
percent of what DFTSP, the exact search for the largest batch of each epoch, serves on the same ones.

The environment begins a finished row anew in the next step (Gymnasium's `AutoresetMode.NEXT_STEP`). So the step after
an episode's last one ignores its action, pays nothing and must not be learned from; and the observation that the last
step returns is the episode's own, so its value is what a truncated episode goes on with.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import tyro
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor, nn
from torch.distributions import Categorical

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_baselines import DFTSP, EpochPolicy
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, SLOT_FEATURES

CONTEXT, SLOT = len(CONTEXT_FEATURES), len(SLOT_FEATURES)
PRESENT = [feature.name for feature in SLOT_FEATURES].index("present")
HELD_OUT_SEED = 1_000_000
"""The first of the seeds of the held-out episodes; training begins at its own."""


@dataclass(frozen=True)
class Args:
    """Settings; the defaults take about three minutes on two cores."""

    scenario: str = "carry-over"
    """a preset's name or the path of a TOML file"""
    seed: int = 1
    """of the network, the exploration and the training episodes"""
    total_timesteps: int = 450_000
    num_envs: int = 64
    num_steps: int = 128
    """steps of each row between updates"""
    learning_rate: float = 1e-3
    """at the start; it falls linearly to 0"""
    gamma: float = 0.95
    """discount per step, so about 0.6 per epoch"""
    gae_lambda: float = 0.9
    minibatch_size: int = 256
    update_epochs: int = 4
    clip_coef: float = 0.2
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    reward_scale: float = 0.05
    """brings values to order one"""
    width: int = 64
    """of all hidden layers"""
    eval_episodes: int = 100
    save: Path | None = None
    """file for the network's state"""


def layer(inputs: int, outputs: int, gain: float = 2**0.5) -> nn.Linear:
    """A linear layer, initialised orthogonally."""
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, gain)
    nn.init.zeros_(linear.bias)
    return linear


class SetEncoder(nn.Module):
    """Observations (batch, length) to features of every slot (batch, Q, width) and of all together (batch, 2·width).

    All slots pass the same layers and are pooled, so that the order of the requests does not matter (deep sets, arXiv
    1703.06114).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.context, self.slot = layer(CONTEXT, width), layer(SLOT, width)
        self.pooled, self.second, self.whole = (
            nn.Sequential(layer(3 * width, width), nn.ReLU()), layer(width, width), layer(width, width)
        )  # fmt: skip

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """The features, 0 for empty slots."""
        slots = observations[:, CONTEXT:].unflatten(1, (-1, SLOT))
        present = slots[:, :, PRESENT, None]
        context = self.context(observations[:, :CONTEXT])
        hidden = torch.relu(self.slot(slots) + context[:, None]) * present
        mean = hidden.sum(1) / present.sum(1).clamp(min=1.0)
        whole = self.pooled(torch.cat([mean, hidden.amax(1), torch.relu(context)], 1))
        features = torch.relu(self.second(hidden) + self.whole(whole)[:, None]) * present
        return features, torch.cat([features.mean(1), whole], 1)


class Agent(nn.Module):
    """Actor and critic, each with an encoder of its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.actor, self.critic = SetEncoder(width), SetEncoder(width)
        self.admit, self.dispatch = layer(width, 1, 0.01), layer(2 * width, 1, 0.01)
        self.value_head = nn.Sequential(layer(2 * width, width), nn.ReLU(), layer(width, 1, 1.0))

    def policy(self, observations: Tensor, masks: Tensor) -> Categorical:
        """The distribution over admitting each slot and, last, dispatching; closed actions have probability 0."""
        slots, whole = self.actor(observations)
        logits = torch.cat([self.admit(slots).squeeze(2), self.dispatch(whole)], 1)
        return Categorical(logits=logits.masked_fill(~masks, -1e8), validate_args=False)

    def value(self, observations: Tensor) -> Tensor:
        """Values, shape (batch,)."""
        return self.value_head(self.critic(observations)[1]).squeeze(1)


def advantages_of(
    rewards: Tensor, values: Tensor, last_value: Tensor, terminated: Tensor, done: Tensor, args: Args
) -> Tensor:
    """Generalised advantage estimates, shape (steps, rows) as all arguments but `last_value` (rows,).

    `done` is where an episode ended, terminated or truncated. Only termination ends the value of what comes next, both
    end the sum of errors. (Estimates of the steps in which rows begin anew are made too, and used nowhere.)
    """
    advantages, following = torch.zeros_like(rewards), torch.zeros_like(last_value)
    for t in reversed(range(len(rewards))):
        next_value = last_value if t == len(rewards) - 1 else values[t + 1]
        error = rewards[t] + args.gamma * next_value * ~terminated[t] - values[t]
        following = error + args.gamma * args.gae_lambda * following * ~done[t]
        advantages[t] = following
    return advantages


def update(agent: Agent, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor], args: Args) -> None:
    """PPO's passes over a batch of steps, in minibatches."""
    size = len(batch["actions"])
    for _ in range(args.update_epochs):
        for chosen in torch.randperm(size).split(args.minibatch_size):
            part = {name: values[chosen] for name, values in batch.items()}
            distribution = agent.policy(part["observations"], part["masks"])
            ratio = (distribution.log_prob(part["actions"]) - part["log_probs"]).exp()
            advantages = part["advantages"]
            if len(advantages) > 1:
                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
            clipped = ratio.clamp(1 - args.clip_coef, 1 + args.clip_coef)
            policy_loss = -torch.min(advantages * ratio, advantages * clipped).mean()
            value_loss = (agent.value(part["observations"]) - part["returns"]).square().mean()
            loss = policy_loss - args.ent_coef * distribution.entropy().mean() + args.vf_coef * value_loss
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
            optimizer.step()


def train(args: Args) -> Agent:
    """A trained agent."""
    torch.manual_seed(args.seed)
    envs = make(args, "EdgeLLM/Batching-v0", args.num_envs, AutoresetMode.NEXT_STEP)
    agent = Agent(args.width)
    optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    seen, infos = envs.reset(seed=args.seed)
    begins = torch.zeros(args.num_envs, dtype=torch.bool)  # rows that begin anew in the coming step
    updates, started_s = max(1, args.total_timesteps // (args.num_envs * args.num_steps)), time.perf_counter()
    served = np.zeros(0)
    for number in range(updates):
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - number / updates)
        kept: dict[str, list[Tensor]] = {}
        for _ in range(args.num_steps):
            observations, masks = torch.from_numpy(seen), torch.from_numpy(infos["action_mask"])
            with torch.no_grad():
                distribution = agent.policy(observations, masks)
                actions = distribution.sample()
                step = {
                    "observations": observations,
                    "masks": masks,
                    "actions": actions,
                    "log_probs": distribution.log_prob(actions),
                    "values": agent.value(observations),
                    "real": ~begins,
                }
            seen, rewards, terminated, truncated, infos = envs.step(actions.numpy())
            begins = torch.from_numpy(terminated | truncated)
            step |= {"rewards": torch.from_numpy(args.reward_scale * rewards).float(), "done": begins}
            step["terminated"] = torch.from_numpy(terminated)
            served = np.append(served, infos["served"][begins.numpy()])[-100:]
            for name, value in step.items():
                kept.setdefault(name, []).append(value)
        rollout = {name: torch.stack(values) for name, values in kept.items()}
        with torch.no_grad():
            last_value = agent.value(torch.from_numpy(seen))
        rollout["advantages"] = advantages_of(
            rollout["rewards"], rollout["values"], last_value, rollout["terminated"], rollout["done"], args
        )
        rollout["returns"] = rollout["advantages"] + rollout["values"]
        update(agent, optimizer, {name: values[rollout["real"]] for name, values in rollout.items()}, args)
        if (number + 1) % 5 == 0 or number + 1 == updates:
            steps = (number + 1) * args.num_envs * args.num_steps
            rate = steps / (time.perf_counter() - started_s)
            mean = f"{served.mean():.1f}" if len(served) else "–"
            print(f"{steps:>8,} steps, {rate:,.0f} per s: {mean} served per episode", flush=True)
    envs.close()
    return agent


def make(args: Args, env_id: str, rows: int, autoreset_mode: AutoresetMode) -> VectorEnv:
    """The native vector environment."""
    return gym.make_vec(
        env_id,
        num_envs=rows,
        vectorization_mode="vector_entry_point",
        scenario=args.scenario,
        autoreset_mode=autoreset_mode,
    )


def served_by(args: Args, env_id: str, act: Any) -> float:
    """Requests served per held-out episode when `act(envs, observations, infos)` decides."""
    envs = make(args, env_id, args.eval_episodes, AutoresetMode.DISABLED)
    observations, infos = envs.reset(seed=HELD_OUT_SEED)
    truncated = np.zeros(args.eval_episodes, dtype=bool)
    while not truncated.all():
        observations, _, _, truncated, infos = envs.step(act(envs, observations, infos))
    envs.close()
    return float(infos["served"].mean())


def evaluate(args: Args, agent: Agent) -> float:
    """What the agent, acting greedily, serves on the held-out episodes, in percent of DFTSP."""

    def greedy(_: VectorEnv, observations: np.ndarray, infos: dict[str, Any]) -> np.ndarray:
        with torch.no_grad():
            masks = torch.from_numpy(infos["action_mask"])
            return agent.policy(torch.from_numpy(observations), masks).logits.argmax(1).numpy()

    def dftsp(envs: VectorEnv, observations: np.ndarray, _: dict[str, Any]) -> np.ndarray:
        return EpochPolicy(DFTSP(), envs).predict(observations)[0]

    learned = served_by(args, "EdgeLLM/Batching-v0", greedy)
    oracle = served_by(args, "EdgeLLM/BatchSelection-v0", dftsp)
    percent = 100.0 * learned / oracle
    print(f"{learned:.1f} served per held-out episode, DFTSP {oracle:.1f}: {percent:.1f} % of DFTSP")
    return percent


if __name__ == "__main__":
    arguments = tyro.cli(Args)
    torch.set_num_threads(1)  # the networks are small
    trained = train(arguments)
    evaluate(arguments, trained)
    if arguments.save is not None:
        torch.save(trained.state_dict(), arguments.save)
