"""States that `restore` gets and that no `state` returned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.holding import check_vector, forms
from experiments.faults.kinds.scenarios import of_some_preset, prepare

ROWS = 3
STEPS = 4

State = dict[str, Any]


def _missing(state: State, name: str, rng: np.random.Generator) -> str:
    del state[name]
    return "missing"


def _renamed(state: State, name: str, rng: np.random.Generator) -> str:
    state[f"{name}_"] = state.pop(name)
    return "renamed"


def _exchanged(state: State, name: str, rng: np.random.Generator) -> str:
    other = str(rng.choice(list(state)))
    state[name], state[other] = state[other], state[name]
    return f"exchanged with {other}"


def _of_another_type(state: State, name: str, rng: np.random.Generator) -> str:
    dtype = str(
        rng.choice(["float16", "int8", "int64", "uint64", "complex128", "U5", "S5", "object", "bool", ">f8", "M8[s]"])
    )
    try:
        with np.errstate(invalid="ignore"):  # an infinity becomes some integer: any will do
            state[name] = (
                np.zeros(state[name].shape, dtype=np.dtype(dtype)) if dtype == "M8[s]" else state[name].astype(dtype)
            )
    except ValueError:
        state[name] = np.zeros(state[name].shape, dtype=dtype)
    return f"as {dtype}"


def _no_array(state: State, name: str, rng: np.random.Generator) -> str:
    others: tuple[Any, ...] = (
        None,
        3,
        "abc",
        state[name].tolist(),
        [],
        {},
        object(),
        np.float64(1.0),
        memoryview(b"abc"),
    )
    state[name] = others[rng.integers(len(others))]
    return f"is a {type(state[name]).__name__}"


def _of_another_shape(state: State, name: str, rng: np.random.Generator) -> str:
    array = state[name]
    shapes: tuple[Callable[[], NDArray], ...] = (
        lambda: array[:-1],
        lambda: array[..., :0],
        lambda: array[..., None],
        lambda: array.T,
        lambda: array.reshape(-1),
        lambda: np.concatenate([array, array]),
        lambda: np.concatenate([array, array], axis=-1),
        lambda: array[..., ::2],
        lambda: array.reshape(-1)[0:1].reshape(()) if array.size else np.zeros((), array.dtype),
        lambda: np.broadcast_to(array.reshape(-1)[:1], (2**40,)) if array.size else array[:-1],
    )
    state[name] = shapes[rng.integers(len(shapes))]()
    return f"of shape {state[name].shape}"


def _out_of_range(state: State, name: str, rng: np.random.Generator) -> str:
    array = state[name]
    if array.size == 0:
        return _missing(state, name, rng)
    value: Any
    if array.dtype.kind == "f":
        value = rng.choice([np.nan, np.inf, -np.inf, -1.0, 1e30, -1e30, 1e308, 5e-324, 2.0])
    elif array.dtype.kind == "i":
        info = np.iinfo(array.dtype)
        value = rng.choice([info.min, info.max, -1, -2, 1, 5, 127, 64, 10**6 % info.max])
    elif array.dtype.kind == "b":
        value = bool(rng.integers(2))
    else:
        value = str(rng.choice(["", "{}", "null", "[1]", '{"bit_generator": "MT19937"}', "[" * 50, "1e999", "nan"]))
    flat = array.reshape(-1)
    many = 1 if rng.random() < 0.7 else array.size
    at = rng.integers(array.size, size=many)
    flat[at] = np.array(value).astype(array.dtype)
    return f"has {value} at {at[:3].tolist()}"


CHANGES = (
    _missing, _renamed, _exchanged, _of_another_type, _no_array, _of_another_shape,
    _out_of_range, _out_of_range, _out_of_range, _out_of_range, _out_of_range, _out_of_range,
)  # fmt: skip

NO_STATES: tuple[Any, ...] = (None, 3, "state", [], [("a", 1)], np.zeros(3), {}, {3: 4}, object())


def restored(seed: int, index: int) -> Case:
    """A vector environment of some steps, and a state of it that has been changed."""
    rng = np.random.default_rng([seed, 3, index])
    every = list(forms())
    env_id, arguments = every[index % len(every)]
    env, scenario = of_some_preset(
        env_id, ROWS, arguments, rng, **{"epoch.visible_slots": 6, "epoch.episode_epochs": 5}
    )
    env.reset(seed=index)
    env.action_space.seed(index)
    for _ in range(int(rng.integers(8))):
        env.step(env.action_space.sample())
    state = env.state()
    names = ["state"]
    if rng.random() < 0.02:
        state = NO_STATES[rng.integers(len(NO_STATES))]
        what = f"is a {type(state).__name__}"
    else:
        at = str(rng.choice(list(state)))
        what = f"{at} {CHANGES[rng.integers(len(CHANGES))](state, at, rng)}"
        names.append(at)

    def do() -> None:
        before = env.state()
        try:
            env.restore(state)
        except Exception:
            after = env.state()
            if not all(np.array_equal(before[name], after[name]) for name in before):
                raise FaultError("a state that was refused has changed the environment") from None
            raise
        for _ in range(STEPS):
            returned = env.step(env.action_space.sample())
            check_vector(env_id, env, *returned)

    return Case(f"{env_id} {arguments or ''} of {scenario}, state: {what}", do, ("state",), may_hold=True)


STATES = Kind("states that restore gets", restored, prepare, whole=8_000)
