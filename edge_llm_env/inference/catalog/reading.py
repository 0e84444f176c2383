"""Reading the tables of the catalogue: every value with its source, and what an entry describes by its name."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.link import Link
from edge_llm_env.inference.quantization import Precision, Quantization
from edge_llm_env.support.naming import one_of, shown
from edge_llm_env.support.paths.locating import existing_file, is_folder

Part = TypeVar("Part", Device, Engine)

TABLES = ("decoders", "devices", "precisions", "perplexity_increases", "engines", "links", "energy")
"""Names of the tables."""


class Entry(NamedTuple):
    """One catalogue value with where it comes from and whether it is an assumption."""

    value: Any
    source: str
    assumed: bool


@cache
def table(name: str) -> dict[str, dict[str, Entry]]:
    """A whole catalogue table, entry name → field → `Entry`.

    `name` is one of `TABLES`. Every value resolves to its own source and assumed flag, or to those of its entry. Raises
    ValueError naming the entry when either is missing.
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


def listed_by(table_name: str) -> str:
    """The command that lists a table."""
    return f"edge-llm catalog {table_name}"


def is_file(name: str) -> bool:
    """Whether the name of a device or an engine is read as a path: it ends in `.toml`."""
    return name.endswith(".toml")


def _named_entry(table_name: str, kind: str, name: str) -> dict[str, Any]:
    """Name and fields of an entry of the catalogue, or of the only one in a file that is written as its tables are."""
    if not is_file(name):
        return {"name": name} | _entry(table_name, kind, name)
    try:
        content = tomllib.loads(existing_file(name).read_text(encoding="utf-8-sig"))
    except RecursionError:
        raise ValueError(f"{kind}: {name}: is nested too deeply") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{kind}: {name}: {error}") from None
    if len(content) != 1 or not all(isinstance(fields, dict) for fields in content.values()):
        raise ValueError(f"{kind}: {name}: must have one table, the entry, and has {', '.join(content) or 'none'}")
    ((entry, fields),) = content.items()
    return {"name": entry} | {field: one.value for field, one in _with_provenance(entry, fields).items()}


def _made(model: type[Part], table_name: str, kind: str, name: str) -> Part:
    fields = _named_entry(table_name, kind, name)
    try:
        return model(**fields)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise ValueError(f"{kind}: {name}: {field} = {shown(problem['input'])}: {problem['msg']}") from None


def _entry(table_name: str, kind: str, name: str) -> dict[str, Any]:
    entries = table(table_name)
    return {field: entry.value for field, entry in entries[one_of(kind, name, entries, listed_by(table_name))].items()}


def load_decoder(name: str, field: str = "decoder") -> DecoderConfig:
    """The decoder of that catalogue name, or of that path to a Hugging Face `config.json` or the folder that holds one.

    A ValueError, which names the field that has the name, offers the closest names when there is none, or says what is
    wrong with the file.
    """
    if is_path(name):
        try:
            return DecoderConfig.from_hf_config(name)
        except ValueError as error:
            raise ValueError(f"{field}: {error}") from None
    try:
        return DecoderConfig(**_entry("decoders", field, name))
    except ValueError as error:
        raise ValueError(f"{error}; or the path of a Hugging Face config.json or of its folder") from None


def is_path(decoder: str, folder: Path = Path()) -> bool:
    """Whether a decoder's name is read as a path: it has a slash or ends in `.json`, or there is a folder of that name.

    Such a folder is in the working directory or in that of whatever has the name. A name of the catalogue is never a
    path.
    """
    if decoder in table("decoders"):
        return False
    path = Path(decoder)
    return path.suffix == ".json" or len(path.parts) > 1 or is_folder(path) or is_folder(folder / path)


def load_device(name: str) -> Device:
    """The device of that catalogue name, or of the TOML file at that path, whose only table is written as those of the
    catalogue; a ValueError offers the closest names when there is none, or says what is wrong with the file.
    """
    return _made(Device, "devices", "device", name)


def load_precision(name: str, field: str = "precision") -> Precision:
    """The precision of that catalogue name; a ValueError, which names the field, offers the closest to none."""
    return Precision(name=name, **_entry("precisions", field, name))


def load_quantization(decoder: str, precision: str, perplexity_increase: float | None = None) -> Quantization:
    """The precision as it applies to a decoder, at a given ΔPPL or at the catalogue's.

    A ValueError lists what is known for that decoder when the catalogue has no ΔPPL; 16-bit weights have none to lose.
    """
    if perplexity_increase is None:
        increases = (
            {"w16a16": 0.0, "w32a32": 0.0} if is_path(decoder) else _entry("perplexity_increases", "decoder", decoder)
        )
        one_of("precision", precision, table("precisions"), listed_by("precisions"))
        if precision not in increases:
            raise ValueError(
                f"precision = {shown(precision)}: no perplexity increase of {decoder} is known, so perplexity_increase "
                f"must be given, or the precision be one of {', '.join(sorted(increases))}"
            )
        perplexity_increase = increases[precision]
    return Quantization(
        name=precision, **_entry("precisions", "precision", precision), perplexity_increase=perplexity_increase
    )


def load_engine(name: str | None) -> Engine:
    """The engine of that catalogue name or path, as of `load_device`; without any one that nobody measured."""
    return Engine() if name is None else _made(Engine, "engines", "engine", name)


def load_link(name: str) -> Link:
    """The link of that catalogue name; a ValueError offers the closest when there is none."""
    return Link(name=name, **_entry("links", "link", name))


class PowerShares(NamedTuple):
    """How the highest power of a device splits under the roofline cost model."""

    static: float
    """Drawn while busy at all, 0..1."""
    memory: float
    """Of the rest, what is for memory, 0..1."""


def load_power_shares() -> PowerShares:
    """The shares of power in the catalogue."""
    entry = _entry("energy", "cost model", "roofline")
    return PowerShares(entry["static_power_share"], entry["memory_power_share"])
