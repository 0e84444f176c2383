"""Which scenarios are certified: how far the best policy known is from what none without the future can exceed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.records.record import NoRecordError, read_record

FILE = "certificates.json"
"""Beside the folder of the cells; `scripts/benchmark.py certificates` writes it."""


class Certified(NamedTuple):
    """A scenario's certified interval in an environment."""

    oracle: str
    """Of one epoch: what the bound is held against."""
    bound_percent: float
    """What no policy that does not know the future reaches more than on average, in percent of the oracle."""
    best_policy: str
    width: Interval
    """From the best policy known to the bound, in percent of it."""
    solved: bool
    """Whether the width is so small that the scenario is a unit test of algorithms and no contest."""

    def text(self) -> str:
        """For the page."""
        said = (
            f"Certified: no policy that does not know the future reaches more than {self.bound_percent:.2f} % of "
            f"{self.oracle} on average; `{self.best_policy}` is {self.width.text('.2f')} % below it."
        )
        if self.solved:
            return (
                f"{said} **Solved**: what remains to gain is under half a percent, so it is a unit test of algorithms."
            )
        return said


def read_certified(folder: Path) -> dict[tuple[str, str], Certified]:
    """By the environment's id and the scenario's fingerprint, what is certified beside a folder of cells, if anything.

    Raises NoRecordError for a file that holds something else.
    """
    path = folder.parent / FILE
    if not path.is_file():
        return {}
    record = read_record(path)
    try:
        return {
            (str(env_id), str(one["fingerprint"])): _certified(one)
            for one in record["scenarios"]
            for env_id in one["environments"]
        }
    except (KeyError, TypeError, ValueError) as error:
        raise NoRecordError(f"{path}: is no record of certificates: {error!r}") from None


def _certified(one: Mapping[str, Any]) -> Certified:
    return Certified(
        str(one["oracle"]),
        float(one["bound_percent_of_oracle"]),
        str(one["best_policy"]),
        Interval(**one["width_percent"]),
        bool(one["solved"]),
    )
