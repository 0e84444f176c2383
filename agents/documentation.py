"""The README's tables, made from the registry, the presets, the docstrings and the recorded results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from statistics import mean

import baselines
from agents.comparison import as_markdown
from edge_llm_env.inference.validation.report import validation_report
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import describe_scenarios

RECORDED = Path("results/recorded")
"""Results that the README quotes, under version control; `results/` itself is what the last runs wrote."""


def environments_table() -> str:
    """Every registered environment."""
    return _table(("environment", "what a step is; action"), [(f"`{one.id}`", one.summary) for one in ENVIRONMENTS])


def scenarios_table() -> str:
    """Every preset."""
    described = describe_scenarios()
    return _table(("scenario", "what it is"), [(f"`{name}`", description) for name, description in described.items()])


def baselines_table() -> str:
    """Every solver that `baselines` exports, by the first sentence of its docstring."""
    exported = [getattr(baselines, name) for name in baselines.__all__]
    solvers = [
        one for one in exported if isinstance(one, type) and hasattr(one, "solve") and one is not baselines.Solver
    ]
    rows = [(f"`{one.__name__}`", re.split(r"\.\s", (one.__doc__ or "").strip())[0].rstrip(".")) for one in solvers]
    return _table(("baseline", "what it serves"), rows)


def comparison_table() -> str:
    """The recorded comparison on `carry-over`."""
    return as_markdown(json.loads((RECORDED / "compare-carry-over.json").read_text(encoding="utf-8"))["policies"])


def benchmark_table() -> str:
    """The recorded speeds."""
    report = json.loads((RECORDED / "benchmark.json").read_text(encoding="utf-8"))
    first_use, decoding = report["first_use_seconds"], report["oracle_decoding"]
    rows = [
        (f"`{env_id}`, {kind}", f"{speeds[which]['median']:,} steps/s")
        for env_id, speeds in report["steps_per_s"].items()
        for which, kind in (("vector", f"native vector, {report['rows']} rows"), ("single", "single, `gym.make`"))
    ]
    rows += [
        (
            "`import edge_llm_env`, beyond `import gymnasium`",
            f"{report['import_seconds']['edge_llm_env_beyond_gymnasium']:.3f} s",
        ),
        (
            f"oracle decoding, {decoding['visible']:.0f} pending, {decoding['rows']} rows",
            f"{decoding['steps_per_s']['median']:,} epochs/s",
        ),
        *(
            (
                f"`EdgeLLM/Bandwidth-v0`, {report['bandwidth_by_batch_selection']['rows']} rows, batch {selection}",
                f"{speeds['median']:,} epochs/s",
            )
            for selection, speeds in report["bandwidth_by_batch_selection"]["steps_per_s"].items()
        ),
        ("first use, compiling", f"{first_use['compiling']['both']:.1f} s"),
        ("first use, kernels cached", f"{first_use['cached']['both']:.1f} s"),
    ]
    return _table(("measured", ""), rows)


def continuous_table() -> str:
    """A minute of SB3 on the continuous environments, as recorded."""
    records = json.loads((RECORDED / "continuous_training.json").read_text(encoding="utf-8"))
    rows = []
    for record in records:
        served, name = record["served_per_episode"], record["algorithm"]
        others = ", ".join(f"{policy} {mean:.0f}" for policy, mean in served.items() if policy != name)
        rows.append(
            (
                f"{record['task']}: `{record['env']}`, `{record['scenario']}`",
                f"{name.upper()}, {record['steps']:,} epochs",
                f"{served[name]:.0f}",
                others,
            )
        )
    return _table(("task", "trained", "served per episode", "beside it"), rows)


@cache
def validation_table() -> str:
    """The cost models' errors on published measurements, fitted anew."""
    report = validation_report()
    phases = ("prefill", "decode", "decode, batch > 1", "memory")
    titles = {
        "fitted": "`roofline`, fitted to all rows",
        "new_model": "`roofline`, a model that is not in the fit",
        "new_device": "`roofline`, a device that is not in the fit",
        "paper": "`paper`",
    }
    rows = []
    for name, title in titles.items():
        cells = []
        for phase in phases:
            errors = [abs(row["error"][name]) for row in report["rows"] if row["phase"] == phase]
            cells.append(f"{100.0 * mean(errors):.1f} ({100.0 * max(errors):.0f})")
        rows.append((title, *cells))
    counts = [f"{phase}, {sum(row['phase'] == phase for row in report['rows'])} rows" for phase in phases]
    return _table(("mean absolute error in % (and the worst row's)", *counts), rows)


SECTIONS: dict[str, Callable[[], str]] = {
    "comparison": comparison_table,
    "environments": environments_table,
    "scenarios": scenarios_table,
    "baselines": baselines_table,
    "validation": validation_table,
    "continuous": continuous_table,
    "benchmark": benchmark_table,
}
"""README sections, between `<!-- name ... -->` and `<!-- /name -->`, and what fills them."""


def with_tables(readme: str) -> str:
    """The README's text with every section filled anew; ValueError when a section's marks are missing."""
    for name, make in SECTIONS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, found, rest = readme.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"README: no section between <!-- {name} --> and <!-- /{name} -->")
        readme = f"{before}{begin}{make()}\n{end}{after}"
    return readme


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
