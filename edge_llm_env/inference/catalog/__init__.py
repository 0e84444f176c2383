"""The catalogue: the TOML tables of this folder, in which every value has its source."""

from edge_llm_env.inference.catalog.reading import (
    TABLES,
    Entry,
    is_file,
    is_path,
    load_decoder,
    load_device,
    load_engine,
    load_link,
    load_power_shares,
    load_precision,
    load_quantization,
    table,
)

__all__ = [
    "TABLES",
    "Entry",
    "is_file",
    "is_path",
    "load_decoder",
    "load_device",
    "load_engine",
    "load_link",
    "load_power_shares",
    "load_precision",
    "load_quantization",
    "table",
]
