"""What measurements of a machine tell of one other batch and length of context on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from edge_llm_env.inference.factors.alike import Place, decode_phase, foretold
from edge_llm_env.inference.factors.effects import machine_effect
from edge_llm_env.inference.factors.fitted import Effects, fitted_alike
from edge_llm_env.inference.factors.measured import Measured, residuals
from edge_llm_env.inference.factors.rows import Case


def told(case: Case, measured: Sequence[Measured], known: Effects, batch: int, tokens: Mapping[str, int]) -> Effects:
    """The effects with those of the machine as measurements of this decoder and precision let expect them.

    `tokens` has the prompt of prefill and the end of the context of decode. What is told holds for that batch and those
    lengths: a scenario, whose batches differ, takes its measurements by `measured.adapted`.
    """
    if not measured:
        return known
    model = "", ""  # all measurements are of the decoder and the precision that are asked about
    given = [Place(phase_of(one.metric, one.batch), model, one.batch, one.tokens) for one in measured]
    found = residuals(case, measured, known)
    changed = dict(known)
    for metric, length in tokens.items():
        asked = Place(phase_of(metric, batch), model, batch, length)
        name = machine_effect(metric, case.device, case.engine)
        changed[name] = known.get(name, 1.0) * math.exp(foretold(asked, given, found, fitted_alike()))
    return changed


def phase_of(metric: str, batch: int) -> str:
    """The phase that a measurement is of, as `Place` has it."""
    return decode_phase(batch) if metric == "decode" else metric
