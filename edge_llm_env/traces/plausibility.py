"""What looks wrong with a trace's times: a unit that is another than it was read in, an outlier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.traces.parsing.units import PER_S, TimeUnit

RATES_PER_S = (0.01, 1000.0)
"""Published traces have 0.03 to 100 requests per second; a unit that is wrong is so by a factor of 1000."""
SHORTEST_S = 60.0
"""Nobody publishes a trace of less."""
_SLACK = 10.0
"""A unit is suggested where the rate is less clear than one that is complained of."""
_MOST_OF_SPAN = 0.9
_FEWEST = 10


def notes(time_s: NDArray[np.float64], unit: TimeUnit) -> tuple[str, ...]:
    """What is to be said of times in order that were read in a unit: nothing, or a line on unit and outliers each."""
    span_s = float(time_s[-1] - time_s[0])
    if span_s == 0.0:
        return ()
    said = []
    if not _plausible(len(time_s), span_s):
        others = [
            f'"{other}" would make it {span_s * PER_S[unit] / per_s:g} s'
            for other, per_s in PER_S.items()
            if unit in PER_S and other != unit and _plausible(len(time_s), span_s * PER_S[unit] / per_s, _SLACK)
        ]
        said.append(
            f"{len(time_s):,} requests in {span_s:g} s, {(len(time_s) - 1) / span_s:.4g} per second, are unlike a "
            f'trace: times were read as time_unit = "{unit}"{"; " if others else ""}{", ".join(others)}'
        )
    gaps_s = np.diff(time_s)
    widest = int(gaps_s.argmax())
    if len(time_s) >= _FEWEST and gaps_s[widest] > _MOST_OF_SPAN * span_s:
        said.append(
            f"{gaps_s[widest]:g} of its {span_s:g} s lie between requests {widest + 1:,} and {widest + 2:,} of "
            f"{len(time_s):,}: if a time is wrong, start_offset_s and duration_s take the part without it"
        )
    return tuple(said)


def _plausible(requests: int, span_s: float, slack: float = 1.0) -> bool:
    rate_per_s = (requests - 1) / span_s
    return span_s >= SHORTEST_S and RATES_PER_S[0] / slack <= rate_per_s <= RATES_PER_S[1] * slack
