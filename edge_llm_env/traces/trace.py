"""The requests of a trace, and what became of the rows of its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.traces.parsing.columns import LeftOut
from edge_llm_env.traces.parsing.units import TimeUnit


@dataclass(frozen=True, eq=False)
class Trace:
    """Requests of a trace in order of time, as read-only arrays."""

    time_s: NDArray[np.float64]
    """(N,) seconds from the first request, ascending; coarse clocks give many requests the same time."""
    prompt_tokens: NDArray[np.int32]
    """(N,) tokens, ≥ 1."""
    output_tokens: NDArray[np.int32]
    """(N,) tokens, ≥ 1."""
    left: LeftOut
    """Rows of the file that are no requests here."""
    moved: int
    """Requests that stood below a later one in the file."""
    restarts: int
    """Times that the clock was set back and went on, with `clock_restarts` "continue"."""
    unit: TimeUnit
    """That times were read in."""
    notes: tuple[str, ...]
    """What looks wrong with its times."""
    sha256: str
    """Of the file's content (hex), the same whether it is compressed."""
    index: Path | None
    """The file that these arrays are parts of; None in memory."""

    def notices(self) -> list[str]:
        """What became of rows that are not used as they are written, and what looks wrong: a line for each."""
        left = self.left
        rows = len(self.time_s) + left.failed + left.empty + left.malformed
        first = f", the first: {left.first_bad}" if left.first_bad else ""
        said = {
            f"{left.failed:,} of {rows:,} rows left out: requests that failed": left.failed,
            f"{left.empty + left.malformed:,} of {rows:,} rows left out: {left.malformed:,} malformed, {left.empty:,} "
            f"of no tokens{first}": left.empty + left.malformed,
            f"{self.restarts:,} times the clock was set back; what follows was appended": self.restarts,
            f"{self.moved:,} of {rows:,} rows stood below a later one, and were put in order": self.moved,
        }
        return [line for line, count in said.items() if count] + list(self.notes)
