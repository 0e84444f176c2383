"""The fit of the roofline model's effects to published measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_llm_env.inference.factors.priors import priors
from edge_llm_env.inference.factors.regression import Row, Rows
from edge_llm_env.inference.factors.rows import Case, row_of
from edge_llm_env.inference.validation.measurements import Measurement


def row(one: Measurement) -> Row:
    """A measurement taken apart."""
    return row_of(Case(*one.parts), one.metric, one.batch, one.prompt_tokens, one.output_tokens, one.value)


def arrays(rows: Sequence[Row]) -> Rows:
    """Rows with the priors of their effects."""
    return Rows(rows, priors({name for one in rows for of_term in one.effects.values() for name in of_term}))


def fitted(measurements: Sequence[Measurement]) -> Mapping[str, float]:
    """Every effect of time and of memory as a factor, the most probable given those measurements.

    Rows that are refused are left out. Raises ValueError where there are none.
    """
    measurements = [one for one in measurements if refused(one) is None]
    if not measurements:
        raise ValueError("measurements: there is none, so no factor can be fitted")
    effects: dict[str, float] = {}
    for is_memory in (False, True):
        rows = [row(one) for one in measurements if (one.metric == "memory") == is_memory]
        if rows:
            of_rows = arrays(rows)
            logs = of_rows.fitted(np.arange(len(rows)))
            effects |= dict(zip(of_rows.effects, np.exp(logs).tolist(), strict=True))
    return effects


def refused(one: Measurement) -> str | None:
    """Why a row cannot be fitted to; none where it can."""
    if one.lengths_published or one.metric != "decode" or one.batch == 1:
        return None
    return "what a server does in all includes prefills, and the lengths of its prompts are not published"


def factors_record(measurements: Sequence[Measurement], spreads: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """What factors/fitted.json holds: the effects fitted to those measurements, and the spreads of predictions."""
    return {
        "made_by": "python scripts/benchmark.py model --write-factors",
        "rows": sum(refused(one) is None for one in measurements),
        "spreads": {
            phase: {name: float(f"{width:.4g}") for name, width in of_class.items()}
            for phase, of_class in spreads.items()
        },
        "effects": {name: float(f"{value:.7g}") for name, value in sorted(fitted(measurements).items())},
    }
