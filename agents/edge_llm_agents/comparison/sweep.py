"""A comparison at every value of one field of the scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_llm_agents.comparison.columns import difference_cell
from edge_llm_agents.comparison.records import Comparison, Form
from edge_llm_agents.records.files import save_figure
from edge_llm_agents.records.record import as_json, provenance
from edge_llm_env.support.naming import shown
from edge_llm_env.support.system.files import write_text
from edge_llm_env.support.tables import NO_VALUE, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def swept(sweep: Mapping[str, Iterable[Any]]) -> tuple[str, list[Any]]:
    """The field that is swept, and its values as JSON holds them: NumPy's numbers and arrays as Python's.

    Raises ValueError for several fields or no value, TypeError for values that are not several.
    """
    if len(sweep) != 1:
        raise ValueError(f"sweep = {shown(dict(sweep))}: must have one field of the scenario")
    ((name, values),) = sweep.items()
    single = isinstance(values, np.ndarray) and values.ndim == 0
    if single or isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise TypeError(f"sweep[{name!r}] = {shown(values)}: must be a sequence of values")
    plain = [_plain(value) for value in values]
    if not plain:
        raise ValueError(f"sweep: {name} must have at least one value")
    return name, plain


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Sweep:
    """Comparisons by the values of a field, in order."""

    field: str
    """Dotted, as `load_scenario` takes it."""
    values: list[Any]
    comparisons: list[Comparison]

    def table(self, form: Form = "text") -> str:
        """A row per value and policy: text, markdown, csv or latex."""
        oracle = self.comparisons[0].oracle
        headings = [self.field, "policy", "requests/s", f"difference to {oracle} [95 % CI]", f"% of {oracle}"]
        rows = [
            [
                str(value),
                record["policy"],
                f"{record['throughput_per_s']:.3f}",
                NO_VALUE if record["policy"] == oracle else difference_cell(record),
                f"{record['percent_of_oracle']:.2f}",
            ]
            for value, one in zip(self.values, self.comparisons, strict=True)
            for record in one.policies
        ]
        return str(getattr(Table(headings, rows), form)())

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        return {
            "provenance": provenance(),
            "field": self.field,
            "values": self.values,
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
        }

    def figure(self) -> Figure:
        """Percent of the oracle over the values, a line per policy; raises ImportError without Matplotlib."""
        from edge_llm_agents.comparison.chart import sweep_figure

        compared = [one.policies for one in self.comparisons]
        return sweep_figure(self.field, self.values, compared, self.comparisons[0].oracle)

    def save(self, folder: Path | str = "results") -> list[Path]:
        """Write `sweep-<scenario>-<field>` as .json, .csv, .tex and, if Matplotlib is installed, .png."""
        name = f"sweep-{self.comparisons[0].scenario.name}-{self.field.replace('.', '-')}"
        texts = {
            ".json": as_json(self.to_dict()) + "\n",
            ".csv": self.table("csv"),
            ".tex": self.table("latex") + "\n",
        }
        files = [Path(folder) / f"{name}{suffix}" for suffix in texts]
        for file, text in zip(files, texts.values(), strict=True):
            write_text(file, text)
        if find_spec("matplotlib") is not None:
            files.append(Path(folder) / f"{name}.png")
            save_figure(self.figure(), files[-1], dpi=150)
        return files
