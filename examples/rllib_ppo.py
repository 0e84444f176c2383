"""Masked PPO of RLlib on EdgeLLM/Batching-v0: pip install "edge-llm-env[rllib]"; python examples/rllib_ppo.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import ray
import tyro
from gymnasium import spaces
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.examples.rl_modules.classes.action_masking_rlm import ActionMaskingTorchRLModule
from ray.tune.registry import register_env


@dataclass(frozen=True)
class Args:
    """Settings of a short run on this machine."""

    scenario: str = "carry-over"
    """a preset's name or the path of a TOML file"""
    iterations: int = 20
    """rollouts, each with its update"""
    steps_per_iteration: int = 4096
    envs: int = 16
    """environments of each runner"""
    num_env_runners: int = 0
    """processes that step environments; none of their own for 0"""
    seed: int = 0


class MaskInObservation(gym.Wrapper[dict[str, np.ndarray], np.int64, np.ndarray, np.int64]):
    """The observation and the action mask as a Dict space, where RLlib's masking module looks for them."""

    def __init__(self, env: gym.Env) -> None:
        super().__init__(env)
        closed_or_open = spaces.Box(0.0, 1.0, shape=(env.action_space.n,), dtype=np.float32)  # type: ignore[attr-defined]
        self.observation_space = spaces.Dict({"observations": env.observation_space, "action_mask": closed_or_open})

    def reset(self, **kwargs: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(**kwargs)
        return self._with_mask(observation, info), info

    def step(self, action: np.int64) -> tuple[dict[str, np.ndarray], Any, bool, bool, dict[str, Any]]:
        """Take one step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._with_mask(observation, info), reward, terminated, truncated, info

    @staticmethod
    def _with_mask(observation: np.ndarray, info: dict[str, Any]) -> dict[str, np.ndarray]:
        return {"observations": observation, "action_mask": info["action_mask"].astype(np.float32)}


def make_env(settings: dict[str, Any]) -> gym.Env:
    """The environment, in whichever process RLlib needs it."""
    import edge_llm_env  # noqa: F401 (registers the ids)

    return MaskInObservation(gym.make("EdgeLLM/Batching-v0", **settings))


def main(args: Args) -> float:
    """Train, print how many requests are served per episode, and return the last mean."""
    ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    register_env("edge-llm", make_env)
    config = (
        PPOConfig()
        .environment("edge-llm", env_config={"scenario": args.scenario})
        .env_runners(num_env_runners=args.num_env_runners, num_envs_per_env_runner=args.envs)
        .rl_module(
            rl_module_spec=RLModuleSpec(
                module_class=ActionMaskingTorchRLModule,
                model_config={"fcnet_hiddens": [64, 64], "fcnet_activation": "relu", "vf_share_layers": False},
            )
        )
        .training(
            train_batch_size_per_learner=args.steps_per_iteration,
            minibatch_size=256,
            num_epochs=4,
            lr=1e-3,
            gamma=0.95,
            lambda_=0.9,
            vf_clip_param=1e4,
            grad_clip=0.5,
        )
        .debugging(seed=args.seed, log_level="ERROR")
    )
    algorithm = config.build_algo()
    served = float("nan")
    for iteration in range(args.iterations):
        episodes = algorithm.train()["env_runners"]
        served = float(episodes.get("episode_return_mean", served))
        print(f"iteration {iteration + 1}: {served:.1f} requests served per episode", flush=True)
    algorithm.stop()
    ray.shutdown()
    return served


if __name__ == "__main__":
    main(tyro.cli(Args))
