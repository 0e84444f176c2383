"""How far scaled rotary positions extend the contexts of a decoder."""

from __future__ import annotations

from typing import Any

from edge_llm_env.inference.hf_config.keys import shown

KEYS = ("rope_scaling", "rope_parameters")
"""Where the scaling stands: before transformers 5, and since."""

OF_THE_LIMIT = ("linear", "dynamic")
"""Kinds of scaling whose `factor` multiplies `max_position_embeddings`."""

OF_TRAINING = "yarn"
"""The kind whose `factor` multiplies `original_max_position_embeddings`, the contexts of training."""

WITHIN = ("gemma3_text",)
"""Families whose `max_position_embeddings` has a linear factor in it."""


def extended(limit: int, content: dict[str, Any], model_type: str) -> int:
    """The longest context (tokens) of a decoder that was made for `limit` and scales its positions.

    As vllm-project/vllm: config/model.py (`_get_and_verify_max_len`) derives it: "linear", "dynamic" and "yarn" extend
    it, and of others ("llama3", "longrope") `max_position_embeddings` is extended already. Never less than `limit`.
    Raises ValueError that names the key.
    """
    for key in KEYS:
        scaling = content.get(key)
        if scaling is None or model_type in WITHIN:
            continue
        if not isinstance(scaling, dict):
            raise ValueError(f"{key} = {shown(scaling)}: must be a table of keys")
        kind = scaling.get("rope_type", scaling.get("type"))
        if kind in OF_THE_LIMIT:
            return int(limit * _number(key, scaling, "factor", 1.0))
        if kind == OF_TRAINING:
            trained = _number(key, scaling, "original_max_position_embeddings", float(limit))
            return max(limit, int(trained * _number(key, scaling, "factor", 1.0)))
    return limit


def _number(key: str, scaling: dict[str, Any], name: str, default: float) -> float:
    value = scaling.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1.0 <= value <= 1e9:
        raise ValueError(f"{key}.{name} = {shown(value)}: must be a number of at least 1")
    return float(value)
