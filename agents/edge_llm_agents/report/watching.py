"""Watching a policy play: which one a name stands for, and pictures of what it does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from edge_llm_agents.evaluation.models import model_file
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import shipped_policies
from edge_llm_agents.report.tracing import EpisodeTrace
from edge_llm_baselines.playing.play import Policy, play
from edge_llm_baselines.registry.registered import baseline
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.support.naming import shown
from edge_llm_env.support.system.files import write_bytes


def named_policy(name: str, env: gym.Env, seed: int, *, unpickle: bool = False) -> Policy:
    """The policy that a name stands for, made for an environment that Gymnasium made by its id.

    A baseline of the environment by its key, or `oracle`; what is tuned of it is tuned first, on workloads of `seed`.
    A policy of the package by its name, or one of your own by its path without suffix, that acts in it. Or, where
    `unpickle` allows it, the path of a .zip of Stable-Baselines3: a MaskablePPO where the environment has masks, else a
    PPO.

    Raises ValueError for another name, or a file that is not there.
    """
    inner: Any = env.unwrapped
    if name.endswith(".zip"):
        return model_file(Path(name), unpickle=unpickle)(env)
    if name in shipped_policies() or Path(name).name != name:
        policy, _ = load_policy(name, inner.scenario)
        if policy.env_id != inner.spec.id:
            raise ValueError(f"policy = {shown(name)}: is for {policy.env_id}, not for {inner.spec.id}")
        return policy.acting(env)  # type: ignore[arg-type] # none of those that act in an environment ask for rows
    rule = baseline(inner.spec.id, name)
    tuned = rule.tuned(inner.scenario, seed)
    if rule.tunable is not None and tuned is None:
        raise ValueError(f"policy = {shown(name)}: there is nothing to tune of it in scenario {inner.scenario.name}")
    return rule.policy(env, seed, tuned)


class Watched(NamedTuple):
    """What was seen of an episode."""

    pictures: list[Any]
    """What `render` returned after the reset and each step, but None; of an engine of iterations, as many in a second
    of simulated time as asked for."""
    info: dict[str, Any]
    """After the last step."""


def watch(
    env: gym.Env, policy: Policy, seed: int, epochs: int, frames_per_s: float = 4.0, trace_out: Path | None = None
) -> Watched:
    """Play that many epochs, at least one, and write them as trace events where there is a file for it.

    Ends early where the user has closed the window. Raises ValueError when an episode has fewer epochs.
    """
    inner: Any = env.unwrapped
    longest = inner.scenario.epoch.episode_epochs
    if not 1 <= epochs <= longest:
        raise ValueError(f"epochs = {epochs}: must be in 1..{longest}, epoch.episode_epochs of the scenario")
    rendered: list[Any] = []
    traces: list[EpisodeTrace] = []
    of_engine, next_s = isinstance(inner.simulation, EngineSimulation), 0.0

    def show() -> None:
        nonlocal next_s
        now_s = float(inner.simulation.state.now_s[0]) if of_engine else next_s
        if env.render_mode is not None and now_s >= next_s:
            rendered.append(env.render())
            next_s = now_s + 1.0 / frames_per_s if of_engine else next_s

    def begun() -> None:
        if trace_out is not None:
            traces.append(EpisodeTrace(env))
        show()

    info: dict[str, Any] = {}
    for step in play(env, policy, seed=seed, begun=begun):
        show()
        info = step.next_info
        for trace in traces:
            trace.follow(step.action)
        if info["epochs"] >= epochs or (inner.viewer is not None and inner.viewer.was_closed):
            break
    for trace in traces:
        trace.write(Path(str(trace_out)))
    return Watched([one for one in rendered if one is not None], info)


def save_gif(pictures: Sequence[NDArray[np.uint8]], file: Path, frames_per_s: float) -> None:
    """Write pictures as an animated GIF that starts again from the beginning; raises DependencyNotInstalled."""
    try:
        from PIL import Image
    except ImportError:
        raise DependencyNotInstalled('pillow is not installed: pip install "edge-llm-env[viewer]"') from None
    # Palettes by area would give the colours of small marks, as variants have, away: another one in each picture.
    by, plain = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
    images = [Image.fromarray(picture).quantize(64, by, dither=plain) for picture in pictures]
    content = io.BytesIO()
    images[0].save(content, "GIF", save_all=True, append_images=images[1:], duration=round(1000 / frames_per_s), loop=0)
    write_bytes(file, content.getvalue())
