"""The animations on the pages of environments: an engine of iterations while a rule schedules it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym

from edge_llm_agents.report.watching import save_gif
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING

ANIMATIONS = {CONTINUOUS_BATCHING: "continuous-batching.gif"}
"""Files in `docs/images/` by the id of the environment."""

NUMBERS = (4.0, 0.5, 3.0)
"""Of the cheapest-first rule, as tuned for chat-4090."""

SCENARIO = "chat-4090-overload"

FROM_S, FRAMES, FRAMES_PER_S = 20.0, 40, 4.0
"""What is shown of the episode of seed 0: by then the batch is full."""


def animate_engine(folder: Path) -> Path:
    """Ten seconds of the scenario under the cheapest-first rule; the file."""
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=SCENARIO, render_mode="rgb_array")
    next_s, pictures = FROM_S, []
    for _ in play(env, SchedulerPolicy(CHEAPEST, NUMBERS, env), seed=0):
        if env.unwrapped.simulation.state.now_s[0] >= next_s:
            pictures.append(env.render())
            next_s += 1.0 / FRAMES_PER_S
        if len(pictures) == FRAMES:
            break
    env.close()
    save_gif(pictures, folder / ANIMATIONS[CONTINUOUS_BATCHING], FRAMES_PER_S)
    return folder / ANIMATIONS[CONTINUOUS_BATCHING]
