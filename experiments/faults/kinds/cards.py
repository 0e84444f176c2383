"""Saved policies whose cards or weights say what is not so."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import PRETRAINED, shipped_policies
from experiments.faults.case import Case, Kind

VALUES: tuple[Any, ...] = (
    None, -1, 0, 3.5, 1e308, 2**70, "", "abc", "../../etc/passwd", "missing.toml", "\0", [], {}, [1, "a"], [[]],
    {"a": {}}, True, "x" * 10_000,
)  # fmt: skip


@cache
def _contents(name: str) -> tuple[dict[str, Any], bytes]:
    path = PRETRAINED / name
    return json.loads(path.with_name(f"{name}.json").read_text(encoding="utf-8")), path.with_name(
        f"{name}.safetensors"
    ).read_bytes()


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, below in value.items() if isinstance(value, dict) else ():
        yield from _leaves(below, (*path, key))


def saved(seed: int, index: int) -> Case:
    """A copy of a policy that comes with the package, changed."""
    rng = np.random.default_rng([seed, 5, index])
    name = shipped_policies()[index % len(shipped_policies())]
    card, weights = _contents(name)
    card = json.loads(json.dumps(card))
    text, way = None, rng.integers(6)
    if way <= 2:
        top = [
            path for path in _leaves(card) if path and path[0] not in ("evaluation", "provenance", "hyperparameters")
        ]
        path = top[rng.integers(len(top))]
        inside = card
        for key in path[:-1]:
            inside = inside[key]
        if way == 0:
            del inside[path[-1]]
            what = f"card without {'.'.join(map(str, path))}"
        else:
            inside[path[-1]] = VALUES[rng.integers(len(VALUES))]
            what = f"card with {'.'.join(map(str, path))} = {inside[path[-1]]!r:.40}"
    elif way == 3:
        texts = (b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b'{"provenance": 3}', b"[" * 100_000, b"PK\x03\x04")
        text = texts[rng.integers(len(texts))]
        what = f"card is {text[:20]!r}"
    else:
        what, weights = _weights(rng, weights)
        if way == 5:
            card["weights_sha256"] = hashlib.sha256(weights).hexdigest()
            what += ", of which the card knows"

    def do() -> None:
        folder = Path(tempfile.mkdtemp())
        try:
            (folder / "mine.json").write_bytes(json.dumps(card).encode() if text is None else text)
            (folder / "mine.safetensors").write_bytes(weights)
            load_policy(folder / "mine")
        finally:
            shutil.rmtree(folder)

    return Case(f"{name}: {what}", do, ("policy", "card", "weights", "scenario"), may_hold=True)


def _weights(rng: np.random.Generator, weights: bytes) -> tuple[str, bytes]:
    arrays = dict(sorted(load(weights).items()))  # which come in any order
    at = str(rng.choice(list(arrays)))
    way = rng.integers(7)
    if way == 0:
        kept = int(rng.integers(len(weights)))
        return f"weights cut to {kept} bytes", weights[:kept]
    if way == 1:
        changed = bytearray(weights)
        changed[int(rng.integers(len(weights)))] ^= int(rng.integers(1, 256))
        return "weights with a byte changed", bytes(changed)
    if way == 2:
        arrays[at] = np.full_like(arrays[at], np.nan)
    elif way == 3:
        arrays[at] = np.zeros((3, 5), dtype=arrays[at].dtype)
    elif way == 4:
        arrays[at] = arrays[at].astype(np.int64)
    elif way == 5:
        arrays[f"{at}_"] = arrays.pop(at)
    else:
        arrays[at] = np.full_like(arrays[at], np.inf)
    return f"weights {at} changed ({way})", save(arrays)


CARDS = Kind("saved policies", saved, shipped_policies, whole=3_000)
