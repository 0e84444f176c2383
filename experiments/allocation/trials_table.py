"""What plain PPO and SAC have learned with each way to say an allocation, as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
            rows.append(
                (
                    name.removeprefix(f"{environment.name}, "),
                    algorithm,
                    f"{mine[0]['decisions']:,}" if mine else NO_VALUE,
                    ", ".join(f"{run['processor_s']:.0f} s" for run in mine) or NO_VALUE,
                    ", ".join(f"{run['untrained']:.0f}" for run in mine) or NO_VALUE,
                    ", ".join(f"{run['trained']:.0f}" for run in mine) or NO_VALUE,
                    ", ".join(f"{rule} {served:.0f}" for rule, served in references.items()) or NO_VALUE,
                )
            )
    headings = ("action", "algorithm", "decisions", "processor time", "untrained, seed by seed", "trained", "beside it")
    return Table(headings, rows) if rows else None
