"""The table of model families, `families.toml`, which says how each `model_type` is read."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Family(NamedTuple):
    """How the `config.json` of one `model_type` is read; `families.toml` explains each part."""

    source: str
    text: str | None
    fields: dict[str, Any]
    layers_of: dict[str, Any]
    vectors: dict[str, Any]
    spellings: dict[str, list[str]]
    defaults: dict[str, Any]
    equal: dict[str, str]


PARTS = ("fields", "layers_of", "vectors", "spellings", "defaults", "equal")
"""The parts of a family that add to those of the family it is like."""


@cache
def families() -> dict[str, Family]:
    """Every family that the cost models can carry, by its `model_type`."""
    table = tomllib.loads(files(__package__).joinpath("families.toml").read_text(encoding="utf-8"))
    return {name: _family(name, table) for name in table}


def _family(name: str, table: dict[str, Any]) -> Family:
    own = table[name]
    base = _family(own["like"], table) if "like" in own else None
    parts = {part: ({} if base is None else getattr(base, part)) | own.get(part, {}) for part in PARTS}
    for key in own.get("no_default", ()):
        del parts["defaults"][key]
    return Family(own["source"], own.get("text"), **parts)


REFUSED = {
    "has layers that are no attention": (
        "bamba falcon_h1 falcon_mamba jamba kimi_linear lfm2 lfm2_moe mamba mamba2 minimax nemotron_h qwen3_5 "
        "qwen3_5_moe qwen3_next recurrent_gemma rwkv xlstm zamba zamba2"
    ),
    "has an encoder beside the decoder": (
        "bart blenderbot m2m_100 marian mbart mt5 pegasus prophetnet t5 t5gemma umt5 whisper"
    ),
    "is no decoder": "albert bert deberta deberta_v2 distilbert electra modernbert roberta xlm_roberta",
}
"""Families that come up often and that no cost model can carry, by what stands in the way."""


def why_refused(model_type: str) -> str:
    """Why a family is not in the table, in words that follow its name."""
    known = [why for why, names in REFUSED.items() if model_type in names.split()]
    return f"is not supported ({known[0]})" if known else "is not supported"
