"""What the three packages offer, found by looking: functions, constructors and methods, with right arguments."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.registration import ENVIRONMENTS
from experiments.faults.holding import environment_class, forms

PACKAGES = ("edge_llm_env", "edge_llm_baselines", "edge_llm_agents")

TOO_LONG = ("train", "compare")
"""What computes for minutes where an argument is right, so only what is wrong by its type is tried."""

NOT_CALLED = ("ScenarioError", "TraceWarning", "SetPolicy", "Scenario", "Workload")
"""Errors and warnings; what SB3 makes with arguments of its own; what has a kind of its own."""


class Subject(NamedTuple):
    """Something to call."""

    name: str
    make: Callable[[], Callable[..., Any]]
    """The callable, made anew, so that no case sees what another has done."""
    signature: inspect.Signature
    arguments: Callable[[], dict[str, Any]]
    """Right ones, by the parameters' names."""
    only_wrong: bool = False
    """Nothing that may be right is tried."""


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


@cache
def subjects() -> tuple[Subject, ...]:
    """All of them, in an order that does not change."""
    return (*_offered(), *_environments())


def _offered() -> Iterator[Subject]:
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            offered = getattr(module, name)
            if name in NOT_CALLED:
                continue
            yield _subject(f"{package}.{name}", partial(getattr, module, name), name in TOO_LONG)
            if inspect.isclass(offered):
                yield from _methods(f"{package}.{name}", offered)


def _methods(name: str, offered: Any) -> Iterator[Subject]:
    for method, found in sorted(vars(offered).items()):
        if method.startswith("_"):
            continue
        if isinstance(found, classmethod | staticmethod):
            yield _subject(f"{name}.{method}", partial(getattr, offered, method))
        elif inspect.isfunction(found):

            def make(method: str = method) -> Any:
                return getattr(offered(**_right(inspect.signature(offered))), method)

            yield _subject(f"{name}.{method}", make)


def _environments() -> Iterator[Subject]:
    for env_id, options in forms():
        for rows in (0, 2):
            where = f"{env_id}{'s' if rows else ''}{options or ''}"
            made = environment_class(ENVIRONMENTS[env_id], vector=bool(rows))
            right = {"scenario": scenario()} | ({"num_envs": rows} if rows else {}) | options
            yield Subject(f"{where}()", partial(_itself, made), inspect.signature(made), partial(dict, right))
            for method in ("reset", "step", "render", "close", "state", "restore", "action_masks"):
                if not callable(getattr(made, method, None)) or (method == "render" and rows):
                    continue
                parameters = list(inspect.signature(getattr(made, method)).parameters.values())[1:]
                for begun in (True, False):
                    yield Subject(
                        f"{where}.{method}{'' if begun else ' before reset'}",
                        partial(_method, env_id, rows, begun, options, method),
                        inspect.Signature(parameters),
                        partial(_arguments, env_id, rows, options, method),
                    )


def _itself(made: Any) -> Any:
    return made


def _method(env_id: str, rows: int, begun: bool, options: dict[str, Any], method: str) -> Any:
    return getattr(environment(env_id, rows, begun, **options), method)


def _arguments(env_id: str, rows: int, options: dict[str, Any], method: str) -> dict[str, Any]:
    if method == "step":
        return {"actions" if rows else "action": environment(env_id, rows, **options).action_space.sample()}
    return {"state": environment(env_id, rows, **options).state()} if method == "restore" else {}


def _subject(name: str, make: Callable[[], Callable[..., Any]], only_wrong: bool = False) -> Subject:
    signature = inspect.signature(make())
    return Subject(name, make, signature, lambda: _right(signature), only_wrong)


def _right(signature: inspect.Signature) -> dict[str, Any]:
    """Right values of what a signature requires; a parameter of a new name needs an entry in RIGHT."""
    return {
        name: RIGHT[name]()
        for name, parameter in signature.parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }
