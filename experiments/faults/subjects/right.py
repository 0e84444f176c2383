"""Right arguments of what is called, by the parameters' names, on a small scenario."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.registration import ENVIRONMENTS
from experiments.faults.holding import environment_class

Values = Mapping[str, Callable[[], Any]]
"""Values by parameters' names, made anew each time."""


def scenario() -> Any:
    """A small one."""
    return load_scenario("carry-over", **{"epoch.visible_slots": 5, "epoch.episode_epochs": 4})


def environment(env_id: str = "EdgeLLM/BatchSelection-v0", rows: int = 0, begun: bool = True, **options: Any) -> Any:
    """A single environment, or a vector of that many rows."""
    entry = ENVIRONMENTS[env_id]
    arguments = (rows, scenario()) if rows else (scenario(),)
    env = environment_class(entry, vector=bool(rows))(*arguments, **options)
    if begun:
        env.reset(seed=0)
    return env


def problem() -> Any:
    """Five requests, of which two fit."""
    from edge_llm_baselines import BatchProblem

    some = np.full(5, 0.4)
    return BatchProblem.additive(some, some, some, some, np.ones(5), window_s=1.0, memory_limit_bytes=1.0)


ADDITIVE = ("compute_s", "uplink_share", "downlink_share", "memory_bytes", "slack_s")
"""Arguments of `BatchProblem.additive`, one number per request."""


RIGHT: dict[str, Callable[[], Any]] = {
    "scenario": scenario,
    "rng": lambda: np.random.default_rng(0),
    "episodes": lambda: 2,
    "seed": lambda: 0,
    "decoder": lambda: "llama-3.1-8b",
    "precision": lambda: "w16a16",
    "device": lambda: "a100-80gb-sxm",
    "prompt_tokens": lambda: 128,
    "output_tokens": lambda: 16,
    "entry": lambda: next(iter(ENVIRONMENTS.values())),
    "problem": problem,
    "rule": lambda: problem().rule,
    "candidates": lambda: problem().candidates,
    "values": lambda: np.ones(5),
    "selected": lambda: np.zeros(5, dtype=np.bool_),
    "simulation": lambda: environment("EdgeLLM/Joint-v0").simulation,
    "row": lambda: 0,
    "solution": lambda: _best_joint(),
    "solver": lambda: importlib.import_module("edge_llm_baselines").BranchAndBound(),
    "env": environment,
    "observation": lambda: environment().observation_space.sample(),
    "action": lambda: np.ones(5),
    "discount": lambda: 0.5,
    "epoch_s": lambda: 2.0,
    "window_s": lambda: 1.0,
    "memory_limit_bytes": lambda: 1.0,
    "workloads": lambda: draw_workloads(scenario(), 1),
    "env_id": lambda: "EdgeLLM/Batching-v0",
    "num_envs": lambda: 2,
    "name": lambda: "value-carry-over",
    "actions": lambda: np.zeros(2, dtype=np.int64),
    "attr_name": lambda: "num_envs",
    "value": lambda: 1,
    "method_name": lambda: "action_masks",
    "wrapper_class": lambda: importlib.import_module("gymnasium").Wrapper,
    "state": lambda: environment("EdgeLLM/Batching-v0", 2).state(),
    "path": lambda: "/nowhere/workload.npz",
} | dict.fromkeys(ADDITIVE, lambda: np.full(5, 0.4))
"""A right value of every parameter that has no default, by its name."""


def _best_joint() -> Any:
    from edge_llm_baselines import BestJoint

    return BestJoint(2).solve(environment("EdgeLLM/Joint-v0").simulation, 0)


def right(signature: inspect.Signature, own: Values) -> dict[str, Any]:
    """Right values of what a signature requires; a parameter of a new name needs an entry in RIGHT, or an own one."""
    return {
        name: {**RIGHT, **own}[name]()
        for name, parameter in signature.parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }
