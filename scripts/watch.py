"""Watch a policy play, in a window or as a GIF: python scripts/watch.py --policy dftsp --gif out.gif."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import tyro
from gymnasium.error import DependencyNotInstalled

from edge_llm_agents.report.watching import named_policy, save_gif, watch
from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.support.naming import one_of


@dataclass(frozen=True)
class Options:
    """Watch a policy play the first epochs of an episode."""

    policy: str = "oracle"
    """A baseline of the environment (oracle; in Batching-v0 dftsp, look-ahead, sjf, edf, ...; a wrong one lists them),
    or a .zip of Stable-Baselines3 (MaskablePPO where actions are masked, else PPO)."""
    env: str = "EdgeLLM/Batching-v0"
    """The environment's id."""
    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    seed: int = 0
    """Seeds the episode and a policy that draws."""
    epochs: int | None = None
    """How many to play; an episode's by default."""
    gif: Path | None = None
    """File to write instead of opening a window."""
    frames_per_s: float = 4.0
    """Of the GIF."""


def main(options: Options) -> int:
    """Play and show; the exit status."""
    try:
        return play(options)
    except (ScenarioError, DependencyNotInstalled, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:  # pygame's own
        print(f"error: no window: {error}; --gif FILE needs none", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def play(options: Options) -> int:
    """Make the environment and the policy, play, and say what was served."""
    one_of("env", options.env, ENVIRONMENTS)
    if options.frames_per_s <= 0:
        raise ValueError(f"frames_per_s = {options.frames_per_s:g}: must be greater than 0")
    scenario = load_scenario(options.scenario)
    env: Any = gym.make(options.env, scenario=scenario, render_mode="human" if options.gif is None else "rgb_array")
    try:
        policy = named_policy(options.policy, env, options.seed)
        epochs = scenario.epoch.episode_epochs if options.epochs is None else options.epochs
        pictures = watch(env, policy, options.seed, epochs)
        score = env.unwrapped.viewer.frame().score
    finally:
        env.close()
    if options.gif is not None:
        save_gif(pictures, options.gif, options.frames_per_s)
        print(f"written: {options.gif}")
    counted = f"{options.policy} {(0, *score.served)[-1]}, {score.reference_name} {(0, *score.reference)[-1]}"
    print(f"served in {len(score.served)} epochs: {counted}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
