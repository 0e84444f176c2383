"""A judged run as a line for a reader."""

from __future__ import annotations

from typing import Any

from edge_llm_agents.evaluation.earnings import EarningRivals
from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.records.fields import BESIDE
from edge_llm_agents.records.intervals import Interval


def beside_dftsp(run: dict[str, Any]) -> str:
    """One that was held against DFTSP and the look-ahead rule."""
    to_dftsp, to_rule = (Interval(**run[f"difference_to_{one}_percent"]) for one in ("dftsp", "look_ahead"))
    reached = f"{to_dftsp.plus(100.0).text('.2f')} % of DFTSP, above look-ahead by {to_rule.text('+.3f')} %"
    return f"seed {run['seed']}: {reached}, {run['seconds']:.0f} s"


def beside_rivals(run: dict[str, Any], rivals: Rivals) -> str:
    """One that was held against every baseline of its environment."""
    to_oracle, to_rule = (Interval(**run[f"difference_to_{one}_percent"]) for one in ("oracle", "best_rule"))
    reached = f"{to_oracle.plus(100.0).text('.2f')} % of the oracle, above {rivals.best_rule} by"
    return f"seed {run['seed']}: {reached} {to_rule.text('+.2f')} %, {run['seconds']:.0f} s"


def of_earnings(run: dict[str, Any], rivals: EarningRivals) -> str:
    """One that was judged by the reward that it earns."""
    above = Interval(**run["difference_to_best_rule"]).text("+.1f")
    means = (f", {name} {run[name]:.2f}" for name in BESIDE if name in run)
    beside = f"{run['served_percent']:.1f} % served{''.join(means)}"
    closed = run["gap_closed_percent"]
    part = "" if closed is None else f", {closed:.1f} % of the gap to what nobody exceeds"
    return (
        f"seed {run['seed']}: reward {run['reward']:.1f}, above {rivals.best_rule} by {above}{part}; {beside}, "
        f"{run['seconds']:.0f} s"
    )
