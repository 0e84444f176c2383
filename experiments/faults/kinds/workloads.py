"""Workloads from files that `save` did not write, or that were damaged since."""

from __future__ import annotations

import io
import pickle
import tempfile
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_llm_env import Workload, draw_workload
from edge_llm_env.registration import ENVIRONMENTS
from experiments.faults.case import Case, Kind
from experiments.faults.holding import check_returned, environment_class, some_action
from experiments.faults.kinds.scenarios import of_some_preset, prepare

STEPS = 6

NAMES = tuple(field.name for field in fields(Workload))


class _Ends:
    """What ends the process when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os._exit, (3,)


def _archive(arrays: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _bytes_of(rng: np.random.Generator, arrays: dict[str, Any]) -> tuple[str, bytes]:
    """A file that is changed as bytes."""
    whole = _archive(arrays)
    way = rng.integers(7)
    if way == 0:
        kept = int(rng.integers(len(whole)))
        return f"cut to {kept} bytes", whole[:kept]
    if way == 1:
        damaged = bytearray(whole)
        at = rng.integers(len(whole), size=int(rng.integers(1, 9)))
        for one in at:
            damaged[one] ^= int(rng.integers(1, 256))
        return f"bytes {sorted(at.tolist())} changed", bytes(damaged)
    if way == 2:
        return "a pickle", pickle.dumps(_Ends())
    if way == 3:
        return "an array alone", _npy(np.zeros(3))
    if way == 4:
        return "text", b"arrival_s,prompt_tokens\n0,1\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.writestr(f"{name}.npy", _huge_header() if way == 5 else b"\x93NUMPY" + rng.bytes(40))
    return ("headers of arrays of 10^15 numbers" if way == 5 else "headers of nothing"), stream.getvalue()


def _npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def _huge_header() -> bytes:
    text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _array_of(rng: np.random.Generator, array: Any) -> tuple[str, Any]:
    """An array that is changed."""
    whole = array.dtype.kind == "i"
    numbers = [0, -1, 2**31, 2**62, -(2**62)] if whole else [np.nan, np.inf, -1.0, 0.0, 1e308, -1e308, 5e-324, 1e30]
    way = rng.integers(8)
    if way <= 2 and array.size:
        value = numbers[rng.integers(len(numbers))]
        changed = array.copy()
        changed.reshape(-1)[rng.integers(array.size)] = value
        return f"has a {value}", changed
    if way == 3:
        return "reversed", array[::-1]
    if way == 4:
        return "one entry short", array[:-1]
    if way == 5:
        dtype = str(rng.choice(["U8", "complex128", "float16", "uint64", "bool", "S3", "M8[s]", "f4"]))
        return f"as {dtype}", np.zeros(array.shape, dtype=dtype) if dtype in ("M8[s]",) else array.astype(dtype)
    if way == 6:
        return "of objects", np.array([_Ends()] * max(1, len(array)), dtype=object)
    return "of another shape", array[None] if rng.random() < 0.5 else array.reshape(-1)[:1].reshape(())


def loaded(seed: int, index: int) -> Case:
    """A file that is read as a workload, and played where it is accepted."""
    rng = np.random.default_rng([seed, 4, index])
    env_id = list(ENVIRONMENTS)[index % len(ENVIRONMENTS)]
    made, preset = of_some_preset(env_id, 0, {}, rng, **{"epoch.episode_epochs": 4})
    scenario = made.scenario
    drawn = draw_workload(scenario, rng)
    arrays = drawn.given()
    way = index % 4
    if way == 0:
        what, content = _bytes_of(rng, arrays)
    elif way == 1 and rng.random() < 0.1:
        what, content = "with one array more", _archive(arrays | {"later": np.zeros(3)})
    elif way == 1 and rng.random() < 0.3:
        gone = str(rng.choice(list(arrays)))
        what, content = f"without {gone}", _archive({name: one for name, one in arrays.items() if name != gone})
    else:
        name = str(rng.choice(list(arrays)))
        said, arrays[name] = _array_of(rng, arrays[name])
        what, content = f"{name} {said}", _archive(arrays)
    from_file = way != 3 or "objects" in what

    def do() -> None:
        env = environment_class(ENVIRONMENTS[env_id])(scenario)
        if from_file:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "workload.npz"
                path.write_bytes(content)
                workload = Workload.load(path)
        else:
            workload = replace(drawn, **arrays)
        observation, info = env.reset(seed=0, options={"workload": workload})
        for _ in range(STEPS):
            check_returned(env_id, env, observation, 0.0, info)
            observation, reward, _, truncated, info = env.step(some_action(env, info, rng))
            check_returned(env_id, env, observation, reward, info)
            if truncated:
                break

    where = "file" if from_file else "option"
    return Case(f"{where} for {env_id} of {preset}: {what}", do, ("workload",), may_hold=True)


WORKLOADS = Kind("workloads from files and options", loaded, prepare, whole=4_000)
