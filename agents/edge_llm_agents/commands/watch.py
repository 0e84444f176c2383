"""`edge-llm watch`: a policy plays, in a window or as a GIF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym

from edge_llm_agents.report.watching import named_policy, save_gif, watch
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of


@dataclass(frozen=True)
class Watch:
    """Watch a policy play the first epochs of an episode."""

    policy: str = "oracle"
    """A baseline of the environment (oracle; in Batching-v0 dftsp, look-ahead, sjf, edf, ...; a wrong one lists them),
    or with --unpickle a .zip of Stable-Baselines3 (MaskablePPO where actions are masked, else PPO)."""
    unpickle: bool = False
    """Load .zip files of Stable-Baselines3 too: what is in them can run any code, so only of whom you trust."""
    env: str = BATCHING
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

    def run(self) -> None:
        """Make the environment and the policy, play, and say what was served."""
        one_of("env", self.env, ENVIRONMENTS)
        if not self.frames_per_s > 0:
            raise ValueError(f"frames_per_s = {self.frames_per_s:g}: must be greater than 0")
        scenario = load_scenario(self.scenario)
        mode = "human" if self.gif is None else "rgb_array"
        env: Any = gym.make(self.env, scenario=scenario, render_mode=mode)
        try:
            policy = named_policy(self.policy, env, self.seed, unpickle=self.unpickle)
            epochs = scenario.epoch.episode_epochs if self.epochs is None else self.epochs
            pictures = watch(env, policy, self.seed, epochs)
            score = env.unwrapped.viewer.frame().score
        except RuntimeError as error:  # pygame's own
            raise ValueError(f"no window: {error}; --gif FILE needs none") from error
        finally:
            env.close()
        if self.gif is not None:
            save_gif(pictures, self.gif, self.frames_per_s)
            print(f"written: {self.gif}")
        counted = f"{self.policy} {(0, *score.served)[-1]}, {score.reference_name} {(0, *score.reference)[-1]}"
        print(f"served in {len(score.served)} epochs: {counted}")
