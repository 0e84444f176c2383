"""Decoders small enough for any machine, by name, and what else may be named: a catalogue entry or a `config.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge_llm_env.inference.catalog import is_path, load_decoder
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.support.naming import shown
from edge_llm_env.support.system.files import write_text


def _llama(layers: int, width: int, feed_forward: int, heads: int, vocabulary: int) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "num_hidden_layers": layers,
        "hidden_size": width,
        "intermediate_size": feed_forward,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2,
        "vocab_size": vocabulary,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
    }


SIZES = {
    "1m": _llama(layers=2, width=128, feed_forward=384, heads=4, vocabulary=512),
    "30m": _llama(layers=8, width=512, feed_forward=1536, heads=8, vocabulary=8192),
    "110m": _llama(layers=12, width=768, feed_forward=2048, heads=12, vocabulary=32000),
}
"""Parameters, roughly → the `config.json` of a Llama of that size."""


def decoder_in(folder: Path, name: str) -> tuple[str, DecoderConfig]:
    """What `node.decoder` is to be for a decoder that is named, and its shape.

    `name` is one of `SIZES`, whose `config.json` is written into the folder, a catalogue name or a path. Raises
    ValueError for another.
    """
    if name in SIZES:
        write_text(folder / "config.json", json.dumps(SIZES[name], indent=1) + "\n")
        return str(folder / "config.json"), load_decoder(str(folder / "config.json"))
    try:
        return (str(Path(name).expanduser().absolute()) if is_path(name) else name), load_decoder(name)
    except ValueError as error:
        raise ValueError(f"decoder = {shown(name)}: must be one of {', '.join(SIZES)}, or: {error}") from None
