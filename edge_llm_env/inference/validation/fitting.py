"""The fit of the roofline model's effects to published measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_llm_env.inference.factors.fitted import Effects
from edge_llm_env.inference.factors.measured import HELD
from edge_llm_env.inference.factors.priors import priors
from edge_llm_env.inference.factors.regression import Prior, Row, Rows
from edge_llm_env.inference.factors.rows import Case, row_of
from edge_llm_env.inference.validation.measurements import Measurement


def row(one: Measurement) -> Row:
    """A measurement taken apart."""
    lengths = one.batch, one.prompt_tokens, one.output_tokens
    return row_of(Case(*one.parts), one.metric, *lengths, one.value, allocated=one.memory_of == "allocated")


def arrays(rows: Sequence[Row], held: Mapping[str, float] | None = None) -> Rows:
    """Rows with the priors of their effects, of which some may be held."""
    known = priors({name for one in rows for of_term in one.effects.values() for name in of_term})
    fixed = {name: Prior(math.log(value), HELD) for name, value in (held or {}).items() if name in known}
    return Rows(rows, known | fixed)


def fitted(measurements: Sequence[Measurement], held: Mapping[str, float] | None = None) -> Mapping[str, float]:
    """Every effect of time and of memory as a factor, the most probable given those measurements.

    Effects that are `held` stay what they are, and the others are fitted beside them. Rows that are refused are left
    out. Raises ValueError where there are none.
    """
    held = held or {}
    measurements = [one for one in measurements if refused(one) is None]
    if not measurements:
        raise ValueError("measurements: there is none, so no factor can be fitted")
    effects: dict[str, float] = {}
    for is_memory in (False, True):
        rows = [row(one) for one in measurements if (one.metric == "memory") == is_memory]
        if rows:
            of_rows = arrays(rows, held)
            logs = of_rows.fitted(np.arange(len(rows)))
            effects |= dict(zip(of_rows.effects, np.exp(logs).tolist(), strict=True))
    return effects | {name: value for name, value in held.items() if name in effects}


def effects_of_engines(engines: Sequence[str], measurements: Sequence[Measurement], known: Effects) -> Effects:
    """The known effects that rows of these engines depend on: held, they leave what those engines cost as it is."""
    rows = [row(one) for one in measurements if one.engine in engines]
    names = {name for one in rows for of_term in one.effects.values() for name in of_term}
    return {name: known[name] for name in sorted(names) if name in known}


def refused(one: Measurement) -> str | None:
    """Why a row cannot be fitted to; none where it can."""
    if one.lengths_published or one.metric != "decode" or one.batch == 1:
        return None
    return "what a server does in all includes prefills, and the lengths of its prompts are not published"


def factors_record(
    measurements: Sequence[Measurement],
    spreads: Mapping[str, Mapping[str, float]],
    alike: Mapping[str, float],
    engines: Sequence[str] = (),
    known: Effects | None = None,
) -> dict[str, Any]:
    """What factors/fitted.json holds: effects fitted to those measurements, and what predictions need of the report.

    What these engines cost by the `known` effects is held.
    """
    held = effects_of_engines(engines, measurements, known or {})
    options = ["--write-factors", *(["--held-engines", *engines] if engines else [])]
    return {
        "made_by": " ".join(["python scripts/benchmark.py model", *options]),
        "held_engines": list(engines),
        "rows": sum(refused(one) is None for one in measurements),
        "spreads": {
            phase: {name: float(f"{width:.4g}") for name, width in of_class.items()}
            for phase, of_class in spreads.items()
        },
        "alike": {name: float(f"{variance:.4g}") for name, variance in alike.items()},
        "effects": {name: float(f"{value:.7g}") for name, value in sorted(fitted(measurements, held).items())},
    }
