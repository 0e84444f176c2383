"""`edge-llm watch`: a policy plays, in a window or as a GIF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import gymnasium as gym
import tyro

from edge_llm_agents.report.watching import named_policy, save_gif, watch
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.registration import ENVIRONMENTS, environment
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFile


@dataclass(frozen=True)
class Watch:
    """Watch a policy play the first epochs of an episode."""

    policy: str = "oracle"
    """A baseline of the environment (oracle; in Batching-v0 dftsp, look-ahead, sjf, edf, ...; a wrong one lists them),
    or with --unpickle a .zip of Stable-Baselines3 (MaskablePPO where actions are masked, else PPO)."""
    unpickle: bool = False
    """Load .zip files of Stable-Baselines3 too: what is in them can run any code, so only of whom you trust."""
    env: Annotated[str, tyro.conf.arg(aliases=("--env-id",))] = BATCHING
    """The environment's id."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file; if not given, carry-over where batches are chosen, and elsewhere the
    environment's own."""
    seed: int = 0
    """Seeds the episode and a policy that draws."""
    epochs: int | None = None
    """How many to play; an episode's by default."""
    gif: OutputFile | None = None
    """File to write instead of opening a window."""
    frames_per_s: float = 4.0
    """Of the GIF; of ContinuousBatching-v0 one for each such part of a second of simulated time."""
    trace_out: OutputFile | None = None
    """File of Chromium trace events to write, for Perfetto's viewer; without --gif nothing is shown then."""

    def run(self) -> None:
        """Make the environment and the policy, play, and say what was served."""
        one_of("env", self.env, ENVIRONMENTS)
        if not self.frames_per_s > 0:
            raise ValueError(f"frames_per_s = {self.frames_per_s:g}: must be greater than 0")
        scenario = load_scenario(self.scenario or environment(self.env).main_scenario)
        mode = "rgb_array" if self.gif is not None else "human" if self.trace_out is None else None
        env: Any = gym.make(self.env, scenario=scenario, render_mode=mode)
        try:
            policy = named_policy(self.policy, env, self.seed, unpickle=self.unpickle)
            epochs = scenario.epoch.episode_epochs if self.epochs is None else self.epochs
            watched = watch(env, policy, self.seed, epochs, self.frames_per_s, self.trace_out)
            score = None if mode is None else getattr(env.unwrapped.viewer.frame(), "score", None)
        except RuntimeError as error:  # pygame's own
            raise ValueError(f"no window: {error}; --gif FILE needs none") from error
        finally:
            env.close()
        if self.gif is not None:
            save_gif(watched.pictures, self.gif, self.frames_per_s)
            print(f"written: {self.gif}")
        if self.trace_out is not None:
            print(f"written: {self.trace_out}")
        if score is None:
            print(f"served: {self.policy} {watched.info['served']} of {watched.info['arrived']} requests")
            return
        counted = f"{self.policy} {(0, *score.served)[-1]}, {score.reference_name} {(0, *score.reference)[-1]}"
        print(f"served in {len(score.served)} epochs: {counted}")
