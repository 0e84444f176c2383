"""What is expected of factors before anything is measured: assumed, and chosen once by errors on devices left out."""

from __future__ import annotations

import math
from collections.abc import Iterable

from edge_llm_env.inference.factors.regression import Prior
from edge_llm_env.inference.factors.terms import TERMS

WHOLE = {
    "weights": Prior(math.log(1.2), 0.5),
    "kv_cache": Prior(math.log(1.3), 0.5),
    "compute": Prior(math.log(2.0), 1.0),
    "launches": Prior(math.log(5e-6), 1.0),
    "sequences": Prior(math.log(3e-5), 1.0),
    "prefill_weights": Prior(math.log(1.2), 0.5),
    "prefill_fill": Prior(math.log(50.0), 1.0),
    "prefill_compute": Prior(math.log(1.8), 0.5),
    "prefill_attention": Prior(math.log(3.0), 1.0),
    "prefill_scores": Prior(math.log(1.2), 0.3),
    "prefill_gemv": Prior(math.log(0.25), 1.0),
    "prefill_launches": Prior(math.log(1e-5), 1.0),
    "held_weights": Prior(math.log(1.03), 0.03),
    "held_cache": Prior(math.log(1.03), 0.03),
    "held_activations": Prior(math.log(1.0), 0.5),
    "held_scores": Prior(math.log(1.0), 0.2),
    "held_workspace": Prior(math.log(0.03), 1.0),
    "held_runtime": Prior(math.log(0.6), 1.0),
}
"""Term → its factor over everything, and how far off that may be, in logarithms.

Traffic at some four fifths of the bandwidth, products at half of the peak, a launch in some microseconds (s per
launch), bookkeeping in tens of them (s per sequence), fifty tokens to fill the multipliers, a weight read once for four
tokens by token-wise products; an allocator's share of 3 %, workspaces of 0.03 GB, a runtime of 0.6 GB.
"""

KNOWN = {
    "launches/engine_kind/python": math.log(3.0),
    "prefill_launches/engine_kind/python": math.log(3.0),
    "launches/engine_kind/compiled": math.log(0.5),
}
"""Effects of a kind that are known to differ from 1 beforehand: Python dispatches slowly, replayed graphs are fast."""

SPREADS = {
    "kind": 0.2,
    "engine_kind": 0.2,
    "engine": 0.3,
    "bits": 0.2,
    "kernel": 0.25,
    "mixture": 0.4,
    "board": 0.2,
    "machine": 0.1,
    "format": 0.1,
}
"""How far, in logarithms, effects of each level may lie from what is expected. A wide spread lets few rows say more."""

HOST_SPREAD = 2.5
"""By how much effects of launches and bookkeeping vary more than what datasheets tell."""

COMPUTE_ENGINE_SPREAD = 0.6
"""Spread of engines in the products of decode, of which some hide nearly all behind traffic."""

MEMORY_SPREADS = {
    "held_weights": 0.02,
    "held_cache": 0.02,
    "held_activations": 0.5,
    "held_scores": 0.1,
    "held_workspace": 0.5,
    "held_runtime": 0.5,
}
"""Spreads of effects of memory below the whole."""


def prior(effect: str) -> Prior:
    """The prior of an effect, `of/level/case` or a term's own."""
    of, _, rest = effect.partition("/")
    if not rest:
        return WHOLE[of]
    if of in MEMORY_SPREADS:
        return Prior(0.0, MEMORY_SPREADS[of])
    level = rest.split("/")[0]
    host = of == "host" or (of in TERMS and TERMS[of].resource == "host")
    spread = SPREADS[level] * (HOST_SPREAD if host else 1.0)
    if (of, level) == ("compute", "engine"):
        spread = COMPUTE_ENGINE_SPREAD
    return Prior(KNOWN.get(effect, 0.0), spread)


def priors(effects: Iterable[str]) -> dict[str, Prior]:
    """The prior of each effect."""
    return {effect: prior(effect) for effect in effects}
