"""Every function, constructor and method that the packages offer, with an argument that is not as it must be."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from edge_llm_env.support.checking.arguments import accepts, types_of
from edge_llm_env.support.naming import shown
from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.kinds.scenarios import prepare
from experiments.faults.subjects.found import Subject, subjects

MISSING = object()

ODD: tuple[Any, ...] = (
    None, -1, 0, 1.5, float("nan"), float("inf"), -(10**400), 2**70, True, "abc", "", b"abc", [], {}, (), object(),
    [1, [2, 3]], {"a": 1}, np.nan, np.int8(3), np.array([np.nan]), np.zeros((2, 2)), np.zeros(0), np.array("a"),
    np.array([None]), np.full(5, np.inf), np.full(5, -1), np.full((2, 5), np.nan), np.zeros(5, dtype="M8[s]"),
    np.ones(5, dtype=complex), np.zeros(5, dtype=np.int8), np.full(5, 2.0), [0.0] * 5, [[0] * 5] * 2, [0, 0],
    len, int, ..., range(3), 1j, set(), "EdgeLLM/Batching-v9", "\0", {"workload": 3}, {"workloads": 3},
    {"workloads": [None]}, {"reset_mask": [True]}, {"reset_mask": np.ones(2)}, {"unknown": 1}, {3: 4}, [3, "a"],
    [-1, 0], [None, None, None], [0.5, 1], MISSING,
)  # fmt: skip
"""What is given in place of one argument."""


def misused(seed: int, index: int) -> Case:
    """One argument of one of the subjects, in turn, is odd, missing, or one that there is not."""
    everything = subjects()
    subject = everything[index % len(everything)]
    rng = np.random.default_rng([seed, 6, index])
    names = [name for name, one in subject.signature.parameters.items() if one.kind not in (one.VAR_POSITIONAL,)]
    turn = index // len(everything)
    known = types_of(subject.make()) if subject.only_wrong else {}
    if not names or turn % 40 == 39:
        return _case(subject, "no_such_argument", 1)
    name = names[turn % len(names)]
    kind = subject.signature.parameters[name].kind
    for _ in range(100):
        value = ODD[rng.integers(len(ODD))]
        wrong_by_type = name in known and not accepts(known[name], value)
        if not subject.only_wrong or (value is not MISSING and wrong_by_type):
            break
    else:
        return _case(subject, "no_such_argument", 1)
    if kind is inspect.Parameter.VAR_KEYWORD:
        name = "no_such_argument"
    return _case(subject, name, value)


def _case(subject: Subject, name: str, value: Any) -> Case:
    said = "missing" if value is MISSING else shown(value)

    def do() -> None:
        arguments = subject.arguments()
        if value is MISSING:
            arguments.pop(name, None)
        else:
            arguments[name] = value
        returned = subject.make()(**arguments)
        if isinstance(returned, tuple) and len(returned) == 5 and isinstance(returned[4], dict):
            _check_step(returned)

    may_hold = name != "no_such_argument" or "**" in str(subject.signature)
    names = (name, "reset", "takes no", *_BY_ANOTHER_NAME.get(name, ()))
    also = (AttributeError,) if name in ("attr_name", "method_name") else ()  # as SB3's own VecEnvs
    return Case(f"{subject.name}, {name} {said}", do, names, also=also, may_hold=may_hold)


_BY_ANOTHER_NAME = {
    "seed": ("Seed",),
    "attr_name": ("attribute",),
    "method_name": ("attribute",),
    "actions": ("action",),
    "name": ("policy",),
    "slack_s": ("one entry per request",),
    "options": ("unexpected keyword argument",),
}
"""What errors call an argument, Gymnasium's among them."""


def _check_step(returned: tuple[Any, ...]) -> None:
    observation, reward, *_ = returned
    if isinstance(observation, dict):
        observation, reward = ([*one.values()] for one in (observation, reward))
    if not (np.isfinite(observation).all() and np.isfinite(reward).all()):
        raise FaultError(f"observation or reward is not finite: {reward}")


def prepared() -> None:
    """Compile, and see that everything to be called has right arguments."""
    prepare()
    for subject in subjects():
        subject.arguments()  # raises KeyError for a parameter without a right value in experiments.faults.subjects


MISUSE = Kind("public functions, constructors and methods misused", misused, prepared, whole=12_000)
