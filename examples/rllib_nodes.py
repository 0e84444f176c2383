"""One PPO policy of RLlib for all nodes of a network: pip install "edge-llm-env[rllib,multi-agent]".

python examples/rllib_nodes.py steps `edge_llm_env.parallel_env` through RLlib's wrapper of PettingZoo. Agents share one
policy, and each earns what is of its own node and cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ray
import tyro
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

import edge_llm_env


@dataclass(frozen=True)
class Args:
    """Settings of a short run on this machine."""

    scenario: str = "two-cells"
    """a preset's name or the path of a TOML file"""
    messages: bool = True
    """whether nodes tell each other their load and what they hold"""
    iterations: int = 20
    """rollouts, each with its update"""
    steps_per_iteration: int = 1000
    """epochs of the network"""
    num_env_runners: int = 0
    """processes that step environments; none of their own for 0"""
    seed: int = 0


def make_env(settings: dict[str, Any]) -> ParallelPettingZooEnv:
    """The environment, in whichever process RLlib needs it."""
    return ParallelPettingZooEnv(edge_llm_env.parallel_env(**settings))


def main(args: Args) -> float:
    """Train, print what agents earn per episode, all together, and return the last mean."""
    ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    register_env("edge-llm-nodes", make_env)
    settings = {"scenario": args.scenario, "rewards": "individual", "messages": args.messages}
    config = (
        PPOConfig()
        .environment("edge-llm-nodes", env_config=settings)
        .multi_agent(policies={"node"}, policy_mapping_fn=lambda agent, *_, **__: "node")
        .env_runners(num_env_runners=args.num_env_runners)
        .training(
            train_batch_size_per_learner=args.steps_per_iteration,
            minibatch_size=256,
            num_epochs=4,
            lr=3e-4,
            gamma=0.95,
            lambda_=0.9,
            vf_clip_param=1e4,
            grad_clip=0.5,
        )
        .debugging(seed=args.seed, log_level="ERROR")
    )
    algorithm = config.build_algo()
    earned = float("nan")
    for iteration in range(args.iterations):
        episodes = algorithm.train()["env_runners"]
        earned = float(episodes.get("episode_return_mean", earned))
        print(f"iteration {iteration + 1}: {earned:.1f} earned per episode", flush=True)
    algorithm.stop()
    ray.shutdown()
    return earned


if __name__ == "__main__":
    main(tyro.cli(Args))
