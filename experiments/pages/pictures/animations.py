"""The animations on the pages of environments: an engine, crowds that move and come, modules that load ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.report.watching import save_gif
from edge_llm_baselines.nodes.policy import GahPolicy
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING, MULTI_NODE, SCALING, SERVICE_LEVEL


class Animation(NamedTuple):
    """What is shown of an environment."""

    file: str
    """In `docs/images/`."""
    caption: str
    says: str
    """What there is to be seen."""


SCENARIO = "chat-4090-overload"
NETWORK = "hotspot"
RACK = "feeder-rack"
LEVELS, LEARNED = "specialists", "levels-specialists"

ANIMATIONS = {
    CONTINUOUS_BATCHING: Animation(
        "continuous-batching.gif",
        f"Ten seconds of the cheapest-first rule on {SCENARIO}",
        "The running batch of the last ten seconds, the blocks of the KV cache, and who waits with which slack.",
    ),
    MULTI_NODE: Animation(
        "multi-node.gif",
        f"Forty epochs of GAH on {NETWORK}",
        "How busy each node computes, who waits in its cell, and how many it serves of the others'.",
    ),
    SCALING: Animation(
        "scaling.gif",
        f"Eighty epochs of the learned policy on {RACK}",
        "Which modules are on and which still start, what arrived and was served, and the counts at feeder cells, "
        "three of which announce crowds.",
    ),
    SERVICE_LEVEL: Animation(
        "service-level.gif",
        f"Forty epochs of {LEARNED} on {LEVELS}",
        "What each module holds and how long it still loads, who waits with which slack, and whom each variant serves.",
    ),
}
"""By the id of the environment."""

NUMBERS = (4.0, 0.5, 3.0)
"""Of the cheapest-first rule, as tuned for chat-4090."""

FROM_S, FRAMES, FRAMES_PER_S = 20.0, 40, 4.0
"""What is shown of the episode of seed 0: by then the batch is full."""

FROM_EPOCH, EPOCHS_PER_FRAME = 90, 2
"""What is shown of the rack's."""


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
    return _saved(pictures, folder, CONTINUOUS_BATCHING)


def animate_network(folder: Path) -> Path:
    """The scenario's first epochs, where every node bids for all; the file."""
    env: Any = gym.make(MULTI_NODE, scenario=NETWORK, render_mode="rgb_array")
    pictures = [env.render() for _, _ in zip(play(env, GahPolicy(env), seed=0), range(FRAMES), strict=False)]
    env.close()
    return _saved(pictures, folder, MULTI_NODE)


def animate_rack(folder: Path) -> Path:
    """The scenario under the policy that comes with the package, from when its window is full; the file."""
    env: Any = gym.make(SCALING, scenario=RACK, render_mode="rgb_array")
    policy, _ = load_policy("scaling-feeder-rack", env.unwrapped.scenario)
    pictures = []
    for epoch, _ in enumerate(play(env, policy.acting(env), seed=0)):
        if epoch >= FROM_EPOCH and epoch % EPOCHS_PER_FRAME == 0:
            pictures.append(env.render())
        if len(pictures) == FRAMES:
            break
    env.close()
    return _saved(pictures, folder, SCALING)


def animate_levels(folder: Path) -> Path:
    """The scenario's first epochs, where the policy of the package moves the modules; the file."""
    env: Any = gym.make(SERVICE_LEVEL, scenario=LEVELS, render_mode="rgb_array")
    policy, _ = load_policy(LEARNED)
    pictures = [env.render() for _, _ in zip(play(env, policy.acting(env), seed=0), range(FRAMES), strict=False)]
    env.close()
    return _saved(pictures, folder, SERVICE_LEVEL)


def _saved(pictures: list[Any], folder: Path, env_id: str) -> Path:
    save_gif(pictures, folder / ANIMATIONS[env_id].file, FRAMES_PER_S)
    return folder / ANIMATIONS[env_id].file
