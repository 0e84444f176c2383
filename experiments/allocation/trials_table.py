"""What plain PPO and SAC have learned with each way to say an allocation, as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_env.registration import EnvironmentEntry
from edge_llm_env.support.tables import NO_VALUE, Table


def trials_table(environment: EnvironmentEntry, record: Mapping[str, Any]) -> Table | None:
    """Every parametrization that was tried in an environment; None where none was."""
    runs = [run for run in record["runs"] if run["parametrization"].startswith(f"{environment.name}, ")]
    rows = []
    for name in dict.fromkeys(run["parametrization"] for run in runs):
        for algorithm in dict.fromkeys(run["algorithm"] for run in runs):
            mine = [run for run in runs if (run["parametrization"], run["algorithm"]) == (name, algorithm)]
            references = record["references"].get(name, {})
            changed = [Interval(**run["difference"]).text("+.1f") for run in mine if run["difference"] is not None]
            rows.append(
                (
                    name.removeprefix(f"{environment.name}, "),
                    algorithm,
                    ", ".join(f"{decisions:,}" for decisions in sorted({run["decisions"] for run in mine})) or NO_VALUE,
                    ", ".join(f"{run['untrained']:.0f}" for run in mine) or NO_VALUE,
                    ", ".join(f"{run['trained']:.0f}" for run in mine) or NO_VALUE,
                    ", ".join(changed) or NO_VALUE,
                    ", ".join(f"{rule} {served:.0f}" for rule, served in references.items()) or NO_VALUE,
                )
            )
    headings = ("action", "algorithm", "decisions", "untrained, seed by seed", "trained", "more [95 % CI]", "beside it")
    return Table(headings, rows) if rows else None
