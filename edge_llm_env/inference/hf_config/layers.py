"""Which layers of a decoder have a window, and which have experts."""

from __future__ import annotations

from typing import Any

from edge_llm_env.inference.hf_config.keys import ConfigKeys, shown

WINDOWED = {"full_attention": False, "sliding_attention": True, "chunked_attention": True}
"""Entries of `layer_types` that can be carried: a chunk is at most as long as the window that it is read as."""


def windowed_layers(keys: ConfigKeys, layers_of: dict[str, Any], layers: int) -> int:
    """How many of so many layers have the window.

    `layer_types` tells, or the list `windowed_listed` (1: windowed); else all from `window_from` to `window_until`, but
    each `full_every`-th. Raises ValueError that names the key.
    """
    types = keys.listed("layer_types")
    if types is not None:
        for entry in types:
            if not isinstance(entry, str) or entry not in WINDOWED:
                raise ValueError(f"layer_types has {shown(entry)}: must be of {', '.join(WINDOWED)}")
        return sum(WINDOWED[entry] for entry in _as_long_as(layers, types, "layer_types"))
    if "windowed_listed" in layers_of and (listed := keys.listed(layers_of["windowed_listed"])) is not None:
        return sum(bool(entry) for entry in _as_long_as(layers, listed, layers_of["windowed_listed"]))
    first = keys.number(layers_of.get("window_from", 0)) or 0
    until = keys.number(layers_of["window_until"]) if "window_until" in layers_of else None
    full_every = keys.number(layers_of.get("full_every", 0)) or 0
    indices = range(first, layers if until is None else min(until, layers))
    return sum(not full_every or (i + 1) % full_every > 0 for i in indices)


def expert_layers(keys: ConfigKeys, layers_of: dict[str, Any], layers: int) -> int:
    """How many of so many layers have experts.

    The list `experts_listed` names them; else they are each `experts_every`-th from `experts_from` on that the list
    `dense_listed` does not name. Raises ValueError that names the key.
    """
    if "experts_listed" in layers_of and (listed := keys.listed(layers_of["experts_listed"])) is not None:
        return len(_indices(layers, listed, layers_of["experts_listed"]))
    first = keys.number(layers_of.get("experts_from", 0)) or 0
    every = keys.number(layers_of.get("experts_every", 1))
    if not every:
        raise ValueError(f"{layers_of['experts_every']} = {every}: must be at least 1")
    dense = layers_of.get("dense_listed")
    not_expert = _indices(layers, (dense and keys.listed(dense)) or [], str(dense))
    return sum(i not in not_expert for i in range(first, layers) if (i + 1) % every == 0)


def _as_long_as(layers: int, listed: list[Any], key: str) -> list[Any]:
    if len(listed) != layers:
        raise ValueError(f"{key} has {len(listed)} entries: must have one for each of {layers} layers")
    return listed


def _indices(layers: int, listed: list[Any], key: str) -> set[int]:
    for entry in listed:
        if isinstance(entry, bool) or not isinstance(entry, int) or not 0 <= entry < layers:
            raise ValueError(f"{key} has {shown(entry)}: must be of the layers 0 to {layers - 1}")
    return set(listed)
