"""Reading a Hugging Face `config.json`: which key of which model family is which field of a decoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_llm_env.support.naming import one_of

Keys = dict[str, Any]
"""Content of a `config.json`."""


def decoder_fields(path: str | Path) -> dict[str, Any]:
    """Fields of `DecoderConfig` as a `config.json` gives them; ValueError, one line, when it cannot be read."""
    try:
        keys = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file ({error})") from None
    if not isinstance(keys, dict) or "model_type" not in keys:
        raise ValueError(f"{path}: model_type is missing")
    try:
        family = FAMILIES[one_of("model_type", str(keys["model_type"]), FAMILIES)]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        return family(keys)
    except KeyError as error:
        raise ValueError(f"{path}: {error.args[0]} is missing, model_type {keys['model_type']} needs it") from None
    except TypeError as error:
        raise ValueError(f"{path}: a size is not a number ({error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _llama_like(keys: Keys, *, gated: bool = True, tied: bool = False) -> dict[str, Any]:
    """The keys that most families share; `tied` is what the family does when the file does not say."""
    heads = keys["num_attention_heads"]
    return {
        "layers": keys["num_hidden_layers"],
        "d_model": keys["hidden_size"],
        "d_ff": keys["intermediate_size"],
        "heads": heads,
        "kv_heads": keys.get("num_key_value_heads") or heads,
        "head_dim": keys.get("head_dim") or keys["hidden_size"] // heads,
        "vocabulary": keys["vocab_size"],
        "gated_ffn": gated,
        "tied_embeddings": keys.get("tie_word_embeddings", tied),
    }


def _plain(keys: Keys) -> dict[str, Any]:
    return _llama_like(keys, gated=False)


def _starcoder2(keys: Keys) -> dict[str, Any]:
    return _llama_like(keys, gated=False, tied=True)


def _gemma(keys: Keys) -> dict[str, Any]:
    return _llama_like(keys, tied=True)


def _mixtral(keys: Keys) -> dict[str, Any]:
    return _llama_like(keys) | {
        "experts": keys["num_local_experts"],
        "experts_per_token": keys["num_experts_per_tok"],
    }


def _qwen_moe(keys: Keys) -> dict[str, Any]:
    if keys.get("mlp_only_layers") or keys.get("decoder_sparse_step", 1) != 1:
        raise ValueError("mlp_only_layers and decoder_sparse_step: every layer must be a mixture of experts")
    return _llama_like(keys) | {
        "d_ff": keys["moe_intermediate_size"],
        "experts": keys["num_experts"],
        "experts_per_token": keys["num_experts_per_tok"],
    }


def _opt(keys: Keys) -> dict[str, Any]:
    projection = keys.get("word_embed_proj_dim", keys["hidden_size"])
    if projection != keys["hidden_size"]:
        raise ValueError(f"word_embed_proj_dim = {projection}: must equal hidden_size = {keys['hidden_size']}")
    return _llama_like(keys | {"intermediate_size": keys["ffn_dim"]}, gated=False, tied=True)


def _gpt2(keys: Keys, *, tied: bool = True) -> dict[str, Any]:
    """GPT-2 and its relatives name their sizes n_layer, n_embd and n_head; the FFN is four times as wide if unsaid."""
    width, heads = keys["n_embd"], keys["n_head"]
    shared = keys.get("multi_query", False)
    return _sized(
        keys["n_layer"], width, keys.get("n_inner") or 4 * width, heads, 1 if shared else heads, keys, tied=tied
    )


def _gptj(keys: Keys) -> dict[str, Any]:
    return _gpt2(keys, tied=False)


def _bloom(keys: Keys) -> dict[str, Any]:
    width = keys.get("hidden_size") or keys["n_embed"]
    layers = keys.get("n_layer") or keys["num_hidden_layers"]
    heads = keys.get("n_head") or keys["num_attention_heads"]
    return _sized(layers, width, 4 * width, heads, heads, keys, tied=True)


def _falcon(keys: Keys) -> dict[str, Any]:
    width, heads = keys["hidden_size"], keys["num_attention_heads"]
    shared = 1 if keys.get("multi_query") else heads
    kv_heads = keys["num_kv_heads"] if keys.get("new_decoder_architecture") else shared
    feed_forward = keys.get("ffn_hidden_size") or 4 * width
    return _sized(keys["num_hidden_layers"], width, feed_forward, heads, kv_heads, keys, tied=True)


def _mpt(keys: Keys) -> dict[str, Any]:
    width, heads = keys["d_model"], keys["n_heads"]
    return _sized(keys["n_layers"], width, keys.get("expansion_ratio", 4) * width, heads, heads, keys, tied=True)


def _sized(
    layers: int, width: int, feed_forward: int, heads: int, kv_heads: int, keys: Keys, *, tied: bool
) -> dict[str, Any]:
    return {
        "layers": layers,
        "d_model": width,
        "d_ff": feed_forward,
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": width // heads,
        "vocabulary": keys["vocab_size"],
        "gated_ffn": False,
        "tied_embeddings": keys.get("tie_word_embeddings", tied),
    }


FAMILIES: dict[str, Callable[[Keys], dict[str, Any]]] = {
    "bloom": _bloom,
    "falcon": _falcon,
    "gemma": _gemma,
    "gemma2": _gemma,
    "gpt2": _gpt2,
    "gpt_bigcode": _gpt2,
    "gpt_neox": _plain,
    "gptj": _gptj,
    "llama": _llama_like,
    "mistral": _llama_like,
    "mixtral": _mixtral,
    "mpt": _mpt,
    "olmo": _llama_like,
    "olmo2": _llama_like,
    "opt": _opt,
    "phi": _plain,
    "phi3": _llama_like,
    "qwen2": _llama_like,
    "qwen3": _llama_like,
    "qwen3_moe": _qwen_moe,
    "stablelm": _llama_like,
    "starcoder2": _starcoder2,
}
"""How each `model_type` is read. Families with layers of another kind (state space, shared experts) are not in it."""
