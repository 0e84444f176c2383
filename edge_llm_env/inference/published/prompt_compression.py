"""Prompt compression: published end-to-end times, and what accuracy is left."""

from __future__ import annotations

from edge_llm_env.inference.batch_cost import Polynomial
from edge_llm_env.inference.mechanisms.prompt_compression import shortened
from edge_llm_env.inference.published.comparison import Comparison

SOURCE = "LLMLingua-2, arXiv 2403.12968, table 5 (V100, MeetingBank)"

WHOLE_TOKENS = 3003
END_TO_END_S = {1.0: 14.9, 2.0: 9.4, 3.0: 7.5, 5.0: 5.2}
"""Ratio → time of compressor and model together (s)."""
COMPRESSOR_S = {1.0: 0.0, 2.0: 0.5, 3.0: 0.4, 5.0: 0.4}
"""Ratio → time of the compressor, an encoder of 355e6 weights (s)."""


def comparisons() -> list[Comparison]:
    """The times at ratios 3 and 5, from those at 1 and 2: the target's own times are not published apart."""
    per_whole = 2.0 * (END_TO_END_S[1.0] - (END_TO_END_S[2.0] - COMPRESSOR_S[2.0]))
    time_s = Polynomial(constant=END_TO_END_S[1.0] - per_whole, s=per_whole / WHOLE_TOKENS)
    return [
        Comparison(
            f"{ratio:g} times shorter",
            END_TO_END_S[ratio],
            shortened(time_s, ratio)(WHOLE_TOKENS, 1) + COMPRESSOR_S[ratio],
            "s",
            SOURCE,
        )
        for ratio in (3.0, 5.0)
    ]
