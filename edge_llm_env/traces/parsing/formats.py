"""The formats of public traces: how each writes a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from edge_llm_env.traces.parsing.rows import Cells, Lines, csv_rows, json_rows
from edge_llm_env.traces.parsing.units import TimeUnit

TraceKind = Literal["azure", "burstgpt", "mooncake"]
"""Keys of FORMATS."""


class TraceFormat(NamedTuple):
    """How a public trace writes its requests."""

    columns: tuple[str, str, str]
    """Names of the columns, or keys, of time, prompt tokens and output tokens."""
    rows: Callable[[Lines, tuple[str, ...]], Iterator[tuple[int, Cells | ValueError]]]
    """(line number, values of those columns) of a file's lines, or what is wrong with the line."""
    tokens: Callable[[Any], int]
    """The whole number that a value is; raises ValueError or TypeError."""
    unit: TimeUnit
    """Of times, as its publishers document it."""
    failures: bool
    """Rows without output are requests that failed, and not malformed."""
    home: str
    """Where the trace is public."""


def whole_number(value: Any) -> int:
    """A whole number of JSON, which also writes fractions and truth values, or in text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(value)
    return int(value)


FORMATS: dict[TraceKind, TraceFormat] = {
    "azure": TraceFormat(
        ("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
        csv_rows,
        int,
        "date",
        failures=False,
        home="https://github.com/Azure/AzurePublicDataset",
    ),
    "burstgpt": TraceFormat(
        ("Timestamp", "Request tokens", "Response tokens"),
        csv_rows,
        int,
        "seconds",
        failures=True,
        home="https://github.com/HPMLL/BurstGPT",
    ),
    "mooncake": TraceFormat(
        ("timestamp", "input_length", "output_length"),
        json_rows,
        whole_number,
        "milliseconds",
        failures=False,
        home="https://github.com/kvcache-ai/Mooncake",
    ),
}
"""Azure LLM inference 2023 and 2024, BurstGPT, Mooncake."""
