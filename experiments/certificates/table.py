"""The table of certified intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_env.support.tables import Table

HEADINGS = (
    "scenario",
    "in",
    "workloads",
    "oracle",
    "best policy known, % of the oracle",
    "bound, % of the oracle",
    "width, % of the bound [95 % CI]",
    "penalty",
)


def certificates_table(record: Mapping[str, Any]) -> Table:
    """Of a record of certificates, a row for each scenario, the narrowest interval first."""
    entries = sorted(record["scenarios"], key=lambda one: float(one["width_percent"]["mean"]))
    return Table(HEADINGS, [_row(one) for one in entries])


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    best = one["policies"][one["best_policy"]]
    environments = ", ".join(f"`{env_id.partition('/')[2]}`" for env_id in one["environments"])
    counts = "" if one["counts"] == "served" else f", {one['counts']}"
    solved = "**solved**, " if one["solved"] else ""
    return (
        f"`{one['scenario']}`{counts}",
        environments,
        str(one["settings"]["episodes"]),
        one["oracle"],
        f"{best['percent_of_oracle']:.2f} ({one['best_policy']})",
        f"{one['bound_percent_of_oracle']:.2f}",
        f"{solved}{Interval(**one['width_percent']).text('.2f')}",
        one["penalty"] or f"none: {one['without_penalty_because']}",
    )
