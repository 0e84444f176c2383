"""What the three packages offer and document, found by looking: functions, constructors and methods."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from edge_llm_agents.records.closure import PACKAGES
from edge_llm_env.registration import ENVIRONMENTS
from experiments.faults.holding import environment_class, forms
from experiments.faults.subjects.documented import DOCUMENTED, OWN, class_named
from experiments.faults.subjects.right import Values, environment, right, scenario

TOO_LONG = ("train", "compare")
"""What computes for minutes where an argument is right, so only what is wrong by its type is tried."""

NOT_CALLED = ("ScenarioError", "TraceWarning", "SetPolicy", "Scenario", "Workload")
"""Errors and warnings; what SB3 makes with arguments of its own; what has a kind of its own."""

MOMENTS = ("", BEFORE := " before reset", AFTER := " after close")
"""When a method of what has episodes is called: in an episode, or at one of these moments."""


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
            yield _subject(f"{package}.{name}", partial(getattr, module, name), {}, name in TOO_LONG)
            if inspect.isclass(offered):
                yield from _methods(f"{package}.{name}", offered)
    for where in DOCUMENTED:
        documented = class_named(where)
        name = f"{documented.__module__}.{documented.__name__}"
        yield _subject(name, partial(_itself, documented), OWN.get(documented.__name__, {}))
        yield from _methods(name, documented)


def _methods(name: str, offered: Any) -> Iterator[Subject]:
    """Public methods of a class, its own and those that it has from other classes of the packages."""
    own = OWN.get(offered.__name__, {})
    found = {method: one for base in reversed(offered.__mro__) if _is_ours(base) for method, one in vars(base).items()}
    for method, one in sorted(found.items()):
        if method.startswith("_"):
            continue
        if isinstance(one, classmethod | staticmethod):
            yield _subject(f"{name}.{method}", partial(getattr, offered, method), own)
        elif inspect.isfunction(one):
            for moment in MOMENTS if hasattr(offered, "reset") else MOMENTS[:1]:
                make = partial(_method_of, offered, own, method, moment)
                yield _subject(f"{name}.{method}{moment}", make, own)


def _is_ours(one: type) -> bool:
    return one.__module__.partition(".")[0] in PACKAGES


def _method_of(offered: Any, own: Values, method: str, moment: str) -> Any:
    one = offered(**right(inspect.signature(offered), own))
    if moment != BEFORE and hasattr(offered, "reset"):
        one.reset()
    if moment == AFTER:
        one.close()
    return getattr(one, method)


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
                for moment in MOMENTS:
                    yield Subject(
                        f"{where}.{method}{moment}",
                        partial(_method, env_id, rows, moment, options, method),
                        inspect.Signature(parameters),
                        partial(_arguments, env_id, rows, options, method),
                    )


def _itself(made: Any) -> Any:
    return made


def _method(env_id: str, rows: int, moment: str, options: dict[str, Any], method: str) -> Any:
    env = environment(env_id, rows, moment != BEFORE, **options)
    if moment == AFTER:
        env.close()
    return getattr(env, method)


def _arguments(env_id: str, rows: int, options: dict[str, Any], method: str) -> dict[str, Any]:
    if method == "step":
        return {"actions" if rows else "action": environment(env_id, rows, **options).action_space.sample()}
    return {"state": environment(env_id, rows, **options).state()} if method == "restore" else {}


def _subject(name: str, make: Callable[[], Callable[..., Any]], own: Values, only_wrong: bool = False) -> Subject:
    signature = inspect.signature(make())
    return Subject(name, make, signature, lambda: right(signature, own), only_wrong)
