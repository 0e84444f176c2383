"""One PPO policy for all nodes of a network, with Stable-Baselines3 alone: python examples/parameter_sharing.py.

Every agent of every network is a row of one `VecEnv` (parameter sharing: J. Gupta, M. Egorov and M. Kochenderfer,
"Cooperative multi-agent control using deep reinforcement learning", AAMAS 2017). At the end it prints what the agents
serve on held-out episodes, in percent of what the nodes serve when all bid alike (GAH). On `placement` plain PPO stays
where it begins, at 101 %: the learned placement that the package ships forecasts demand instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tyro
from stable_baselines3 import PPO

from edge_llm_agents.adapters.node_agents_vec_env import NodeAgentsVecEnv

HELD_OUT_SEED = 1_000_000
"""The first of the seeds of the held-out episodes; training begins at its own."""


@dataclass(frozen=True)
class Args:
    """Settings."""

    scenario: str = "placement"
    """a preset's name or the path of a TOML file"""
    seed: int = 1
    """of the policy and the training episodes"""
    total_timesteps: int = 400_000
    """decisions of agents"""
    networks: int = 16
    rewards: str = "individual"
    """shared, or individual: what is of an agent's own node and cell"""
    messages: bool = True
    """whether nodes tell each other their load and what they hold"""
    episodes: int = 32
    """held-out episodes"""


def served(args: Args, model: PPO | None) -> float:
    """Requests served per held-out episode, by the policy's mean actions or, without one, by equal bids."""
    rows = NodeAgentsVecEnv(args.episodes, args.scenario, messages=args.messages)
    rows.seed(HELD_OUT_SEED)
    seen, done = rows.reset(), np.zeros(rows.num_envs, dtype=np.bool_)
    while not done.any():
        equal = np.zeros((rows.num_envs, *(rows.action_space.shape or ())), dtype=np.float32)
        actions = equal if model is None else model.predict(seen, deterministic=True)[0]
        seen, _, done, infos = rows.step(actions)
    rows.close()
    return float(np.mean([info["served"] for info in infos]))


def main(args: Args) -> float:
    """Train, evaluate, print; percent of what equal bids serve."""
    rows = NodeAgentsVecEnv(
        args.networks, args.scenario, rewards=args.rewards, messages=args.messages, reward_scale=0.1
    )
    model = PPO(
        "MlpPolicy",
        rows,
        n_steps=64,
        batch_size=8 * rows.num_envs,
        n_epochs=4,
        gamma=0.95,
        policy_kwargs={"log_std_init": -1.0},
        seed=args.seed,
        device="cpu",
    )
    before = served(args, model)
    model.learn(args.total_timesteps)
    rows.close()
    equal, after = served(args, None), served(args, model)
    percent = 100.0 * after / equal
    print(f"served per episode: equal bids {equal:.1f}, untrained {before:.1f}, trained {after:.1f} ({percent:.1f} %)")
    return percent


if __name__ == "__main__":
    main(tyro.cli(Args))
