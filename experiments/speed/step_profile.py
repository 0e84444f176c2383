"""Where the time of a vector step goes, phase by phase."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import gymnasium as gym

from edge_llm_env.envs import vector
from edge_llm_env.envs.returned import Returned
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support import sharing
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.generator import draw_together
from experiments.speed.turns import choices

KERNEL_PHASES = ("kernels", "drawing", "beginning")
"""Phases that run compiled code: the rows' steps, the workloads drawn by NumPy, and the episodes begun on them."""


def step_profile(env_id: str, scenario: str | Scenario, rows: int, steps: int) -> dict[str, Any]:
    """Microseconds of processor time that a vector step takes in each phase, on one thread so that they add up.

    `compiled_fraction` is the part of KERNEL_PHASES.
    """
    env: Any = gym.make_vec(env_id, num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario)
    spent_s: dict[str, float] = {}

    def timed(phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*arguments: Any, **named: Any) -> Any:
            began_s = time.thread_time()
            returned = function(*arguments, **named)
            spent_s[phase] = spent_s.get(phase, 0.0) + time.thread_time() - began_s
            return returned

        return timing

    with patch.object(sharing, "cores", lambda: 1):
        _, infos = env.reset(seed=0)
        choose = choices(env, rows)
        for _ in range(steps):  # until rows are at different places of their episodes
            infos = env.step(choose(infos))[4]
        mechanism = env.mechanism
        env.mechanism = mechanism._replace(step_rows=timed("kernels", direct(mechanism.step_rows)))
        env.simulation.load_rows = timed("drawing", env.simulation.load_rows)
        env._begin = timed("beginning", env._begin)
        env._hand_out = timed("beginning", env._hand_out)
        env._checked = timed("checking", env._checked)
        step = timed("step", env.step)
        with (
            patch.object(vector, "draw_together", timed("drawing", draw_together)),
            patch.object(Returned, "infos", timed("infos", Returned.infos)),
        ):
            for _ in range(steps):
                infos = step(choose(infos))[4]
    whole_s = spent_s.pop("step")
    phases = {phase: spent_s.get(phase, 0.0) for phase in (*KERNEL_PHASES, "checking", "infos")}
    phases["rest"] = whole_s - sum(phases.values())
    return {
        "microseconds": {phase: round(1e6 * taken_s / steps, 1) for phase, taken_s in phases.items()},
        "compiled_fraction": round(sum(phases[phase] for phase in KERNEL_PHASES) / whole_s, 3),
    }
