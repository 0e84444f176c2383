"""Reading a `config.json` into the fields of a decoder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_llm_env.inference.hf_config.contexts import extended
from edge_llm_env.inference.hf_config.families import Family, families, why_refused
from edge_llm_env.inference.hf_config.keys import ConfigKeys, named, shown
from edge_llm_env.inference.hf_config.layers import expert_layers, windowed_layers
from edge_llm_env.inference.hf_config.stored import stored_weight_bits
from edge_llm_env.inference.hf_config.vectors import other_weights
from edge_llm_env.support.paths.locating import existing_file

FILE_NAME = "config.json"
"""What is looked for in a folder."""

SHAPE = ("layers", "d_model", "heads", "vocabulary", "d_ff")
"""Fields that make the model: a file must give their key, though transformers would assume the size of one model.

The `text_config` of a model that also sees may leave them out, since transformers writes there only what differs.
"""

MOST_LAYERS = 10_000
"""More is a mistake; published decoders have up to 126."""

POSITIVE = (*SHAPE, "kv_heads", "head_dim", "experts", "experts_per_token")
"""Fields that no family that names them can do without."""


def decoder_fields(path: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `DecoderConfig` as a `config.json`, the folder that holds one, or its content gives them.

    Raises ValueError, one line, when it cannot be read.
    """
    if isinstance(path, Mapping):
        try:
            return fields_of(dict(path))
        except ValueError as error:
            raise ValueError(f"config: {error}") from None
    try:
        text = existing_file(path, FILE_NAME).read_text(encoding="utf-8-sig")
        content = json.loads(text, object_pairs_hook=_object)
    except FileNotFoundError as error:
        raise ValueError(str(error)) from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except RecursionError:
        raise ValueError(f"{path}: not a model's configuration (nested too deeply)") from None
    except _TwiceError as error:
        raise ValueError(f"{path}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file ({error})") from None
    try:
        return fields_of(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


class _TwiceError(ValueError):
    """A key that stands in one table twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise _TwiceError(f"{shown(key)} is given twice: must be once")
        content[key] = value
    return content


def fields_of(content: Any) -> dict[str, Any]:
    """Fields of `DecoderConfig` as the content of a `config.json` gives them; ValueError, one line, if it does not."""
    model_type, family = _family_of(content)
    stored = stored_weight_bits(content)
    all_given = True
    if family.text is not None:
        text = content.get("text_config")
        all_given = text is None
        if text is None:
            text = content | {"model_type": family.text}
        elif not isinstance(text, dict):
            raise ValueError(f"text_config = {shown(text)}: must be a table of keys")
        elif stored is None:
            stored = stored_weight_bits(text)
        ties = [part[TIED] for part in (text, content) if TIED in part]
        content = {"model_type": family.text} | text | ({TIED: next(filter(None, ties), ties[0])} if ties else {})
        model_type, family = _family_of(content)
    fields = _fields(ConfigKeys(content, family, model_type), family, all_given=all_given)
    if "context_limit" in fields and "positions" not in fields:
        fields["context_limit"] = extended(fields["context_limit"], content, model_type)
    return fields | {"stored_weight_bits": stored}


TIED = "tie_word_embeddings"
"""Of a model that also sees, it holds if either its text or the whole says so."""


def _family_of(content: Any) -> tuple[str, Family]:
    model_type = content.get("model_type") if isinstance(content, dict) else None
    if model_type is None:
        raise ValueError("model_type is missing")
    if not isinstance(model_type, str) or model_type not in families():
        raise ValueError(
            f"model_type = {shown(model_type)}: {why_refused(str(model_type))}; supported are "
            f"{', '.join(sorted(families()))}"
        )
    return model_type, families()[model_type]


def _fields(keys: ConfigKeys, family: Family, *, all_given: bool) -> dict[str, Any]:
    for key, other in family.equal.items():
        if keys.has(key) and keys.number(key) != keys.number(other):
            raise ValueError(f"{key} = {keys.number(key)}: must equal {other} = {keys.number(other)}")
    fields: dict[str, Any] = {}
    for field, value in family.fields.items():
        if field in ("gated_ffn", "tied_embeddings"):
            fields[field] = keys.truth(value)
        else:
            found = keys.number(value, defaults=not (all_given and field in SHAPE and isinstance(value, str)))
            if field in POSITIVE and not found:
                raise ValueError(f"{named(value)} = {json.dumps(found)}: must be a whole number of at least 1")
            if field == "layers" and found and found > MOST_LAYERS:
                raise ValueError(f"{named(value)} = {found}: must be at most {MOST_LAYERS}")
            if found:
                fields[field] = found
    layers = fields["layers"]
    windowed = windowed_layers(keys, family.layers_of, layers) if fields.get("window") else 0
    fields["window_layers"] = windowed
    if not windowed:
        fields.pop("window", None)
    fields["dense_layers"] = layers - expert_layers(keys, family.layers_of, layers) if "experts" in fields else 0
    if not fields["dense_layers"]:
        fields.pop("dense_d_ff", None)
    return fields | {"other_weights": other_weights(keys, family.vectors, fields)}
