"""The catalogue: decoders, devices and precisions read from the TOML tables of this folder, with their sources."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.quantization import Quantization
from edge_llm_env.naming import one_of


class Entry(NamedTuple):
    """One catalogue value with where it comes from and whether it is an assumption."""

    value: Any
    source: str
    assumed: bool


@cache
def table(name: str) -> dict[str, dict[str, Entry]]:
    """A whole catalogue table, entry name → field → `Entry`.

    `name` is "decoders", "devices", "precisions" or "perplexity_increases". Every value resolves to its own source
    and assumed flag, or to those of its entry. Raises ValueError naming the entry when either is missing.
    """
    text = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return {entry: _with_provenance(f"{name}.{entry}", fields) for entry, fields in tomllib.loads(text).items()}


def _with_provenance(where: str, fields: dict[str, Any]) -> dict[str, Entry]:
    try:
        defaults = {"source": fields.pop("source"), "assumed": fields.pop("assumed")}
        return {
            name: Entry(**(defaults | (value if isinstance(value, dict) else {"value": value})))
            for name, value in fields.items()
        }
    except (KeyError, TypeError) as error:
        raise ValueError(f"catalogue {where}: every value needs a source and an assumed flag ({error})") from None


def _entry(table_name: str, kind: str, name: str) -> dict[str, Any]:
    entries = table(table_name)
    return {field: entry.value for field, entry in entries[one_of(kind, name, entries)].items()}


def load_decoder(name: str) -> DecoderConfig:
    """The decoder of that catalogue name; a ValueError lists the names when there is none."""
    return DecoderConfig(**_entry("decoders", "decoder", name))


def load_device(name: str) -> Device:
    """The device of that catalogue name; a ValueError lists the names when there is none."""
    return Device(**_entry("devices", "device", name))


def load_quantization(decoder: str, precision: str) -> Quantization:
    """The precision as it applies to a decoder; a ValueError lists what is known for that decoder."""
    increases = _entry("perplexity_increases", "decoder", decoder)
    increase = increases[one_of("precision", precision, increases)]
    return Quantization(**_entry("precisions", "precision", precision), perplexity_increase=increase)
