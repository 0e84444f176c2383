"""The table of mechanisms, from which the documentation, the command line and the tests are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge_llm_env.inference.published import offloading, parallelism, speculation
from edge_llm_env.inference.published.comparison import Comparison, mean_error
from edge_llm_env.support.tables import NO_VALUE, Table


class Mechanism(NamedTuple):
    """A mechanism as a reader looks for it."""

    setting: str
    """Of a scenario."""
    equation: str
    source: str
    comparisons: Callable[[], list[Comparison]]
    assumed: str

    def errors(self) -> str:
        """Mean absolute error by quantity, rows in brackets, and with rows that are beyond the mechanism."""
        rows = self.comparisons()
        parts = []
        for unit in dict.fromkeys(row.unit for row in rows):
            ours = [row for row in rows if row.unit == unit]
            counted = [row for row in ours if not row.reason]
            text = f"{unit}: {100 * mean_error(counted):.1f} % ({len(counted)})"
            if len(counted) < len(ours):
                beyond = mean_error([row._replace(reason="") for row in ours])
                text += f", {100 * beyond:.0f} % with {len(ours) - len(counted)} beyond it"
            parts.append(text)
        return "; ".join(parts) or NO_VALUE


MECHANISMS = {
    "speculative decoding": Mechanism(
        "node.speculation",
        "m = (1 - α^(k+1))/(1 - α) tokens per step; per token (verify(k + 1) + k·draft)/m",
        "Leviathan et al., arXiv 2211.17192; EAGLE, arXiv 2401.15077",
        speculation.comparisons,
        "acceptance the same for every token; further tokens multiplied as fast as a prompt's",
    ),
    "offloading": Mechanism(
        "node.offloading",
        "max(computed, offloaded bytes/link) per component of a pass; their sum without overlap",
        "FlexGen, arXiv 2303.06865",
        offloading.comparisons,
        "host memory is ample; two layers are buffered; PCIe and disk rates of the test beds",
    ),
    "parallelism": Mechanism(
        "node.parallelism",
        "terms/p + 2·L·(t_0 + b·d·w/8/B); stages: + (S - 1) messages; groups: Σ/G + (1 - 1/G)·max",
        "Megatron-LM, arXiv 1909.08053; all-reduce fits of microsoft/vidur; distributed-llama's report",
        parallelism.comparisons,
        "a serial share, fitted to one decoder; the star's rates are of its 7B and 13B rows, not of its 70B row",
    ),
}
"""Every mechanism by its name."""


def mechanisms_table() -> Table:
    """Every mechanism with its equation, source, error and assumptions."""
    rows = [
        (name, one.setting, one.equation, one.source, one.errors(), one.assumed) for name, one in MECHANISMS.items()
    ]
    headings = ("mechanism", "setting", "equation", "source", "mean error against published rows", "assumed")
    return Table(headings, rows)
