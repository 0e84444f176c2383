"""Measurements of a machine, and the effects of one that is as fast as they say."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from edge_llm_env.inference.factors.effects import OF_A_MACHINE
from edge_llm_env.inference.factors.fitted import Effects
from edge_llm_env.inference.factors.priors import prior
from edge_llm_env.inference.factors.regression import Prior, Row, Rows
from edge_llm_env.inference.factors.rows import Case, row_of
from edge_llm_env.support import elementary
from edge_llm_env.support.naming import shown

FORM = "decode 38 tokens/s at batch 1, context 512, or prefill 0.4 s at prompt 512"
"""How a measurement is written."""

_PATTERN = re.compile(
    r"(?P<metric>decode|prefill)\s+(?P<value>[\d.eE+-]+)\s*(?P<unit>tokens/s|ms|s)(?:\s+at\s+(?P<rest>.+))?"
)
_DETAIL = re.compile(r"(?P<name>batch|prompt|context)\s+(?P<count>\d+)")

DEFAULT_CONTEXT_TOKENS = 512
"""Tokens of a prompt, or in the context of a decode pass, where a measurement does not tell."""

HELD = 1e-4
"""Spread of effects that a single machine says nothing about."""


class Measured(BaseModel):
    """One measured time on a machine: of a prefill, or of a decode pass.

    Raises `pydantic.ValidationError` on a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(pattern="^(prefill|decode)$")
    seconds: float = Field(gt=0, allow_inf_nan=False, description="time of the prefill of the batch, or of one pass")
    batch: int = Field(default=1, gt=0)
    tokens: int = Field(default=DEFAULT_CONTEXT_TOKENS, gt=1, description="of a prompt, or in each context")

    @classmethod
    def parsed(cls, text: str) -> Measured:
        """A measurement written as in `FORM`; a ValueError of one line says what is wrong with another.

        Rates are tokens/s of all sequences together.
        """
        problem = f"measured = {shown(text)}: must be written as {FORM}"
        found = _PATTERN.fullmatch(text.strip())
        if found is None:
            raise ValueError(problem)
        details: dict[str, int] = {}
        for part in re.split(r",|\band\b", found["rest"]) if found["rest"] else ():
            detail = _DETAIL.fullmatch(part.strip())
            if detail is None or detail["name"] in details:
                raise ValueError(problem)
            details[detail["name"]] = int(detail["count"])
        other = "context" if found["metric"] == "prefill" else "prompt"
        if other in details:
            raise ValueError(
                f"measured = {shown(text)}: {found['metric']} has no {other}; it must be written as {FORM}"
            )
        batch = details.get("batch", 1)
        tokens = details.get("prompt", details.get("context", DEFAULT_CONTEXT_TOKENS))
        try:
            value = float(found["value"])
        except ValueError:
            raise ValueError(problem) from None
        if not value > 0 or batch < 1 or tokens < 2:
            raise ValueError(f"measured = {shown(text)}: value and batch must be above 0, and tokens at least 2")
        produced = batch * (tokens if found["metric"] == "prefill" else 1)
        seconds = {"tokens/s": produced / value, "ms": 1e-3 * value, "s": value}[found["unit"]]
        if not 0 < seconds < math.inf:
            raise ValueError(f"measured = {shown(text)}: takes {seconds:g} s, which must be above 0 and finite")
        return cls(metric=found["metric"], seconds=seconds, batch=batch, tokens=tokens)


def adapted(case: Case, measured: Sequence[Measured], known: Effects) -> Effects:
    """The effects of a machine, given measurements of this decoder and precision on it.

    Only what belongs to the machine moves (`OF_A_MACHINE`), held by its prior spread; what holds for its kind, its
    engine and its format everywhere does not.
    """
    return adapted_to([row_of(case, *_lengths(one), one.seconds) for one in measured], known)


def adapted_to(rows: Sequence[Row], known: Effects) -> Effects:
    """The same, given any measured rows of one machine, whole generations among them."""
    if not rows:
        return known
    arrays = _arrays(rows, known)
    logs = arrays.fitted(np.arange(len(rows)), trusted=True)
    return dict(known) | dict(zip(arrays.effects, elementary.exp(logs).tolist(), strict=True))


def residuals(case: Case, measured: Sequence[Measured], known: Effects) -> list[float]:
    """Logarithms of measured to predicted times."""
    arrays = _arrays([row_of(case, *_lengths(one), one.seconds) for one in measured], known)
    found: list[float] = (arrays.logs - arrays.predicted(arrays.mean, np.arange(len(measured)))).tolist()
    return found


def _arrays(rows: Sequence[Row], known: Effects) -> Rows:
    names = {name for row in rows for of_term in row.effects.values() for name in of_term}
    return Rows(rows, {name: _prior(name, known) for name in names})


def _prior(name: str, known: Effects) -> Prior:
    expected = prior(name)
    mean = math.log(known[name]) if name in known else expected.mean
    level = name.split("/")[1] if "/" in name else ""
    return Prior(mean, expected.spread if level in OF_A_MACHINE else HELD)


def _lengths(one: Measured) -> tuple[str, int, int, int]:
    if one.metric == "prefill":
        return "prefill", one.batch, one.tokens, 1
    return "decode", one.batch, one.tokens - 1, 2
