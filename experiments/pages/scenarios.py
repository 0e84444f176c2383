"""Documentation pages of the presets: what each models, what binds, what is left to gain, where values come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.scenarios.loading import describe_scenarios, preset_content
from edge_llm_env.scenarios.settings import settings
from edge_llm_env.support.tables import NO_VALUE, Table
from experiments.learning.rack_tables import NAMES, Findings, findings_of_comparison, findings_of_training
from experiments.pages.recorded import recorded
from experiments.scheduling.measurements import findings_of_schedules
from experiments.scheduling.tasks import findings_of_tasks

FOLDER = Path("docs/scenarios")
"""Where the pages stand in the repository; the first compares the presets."""

COMPARED_RACKS = ("diurnal-rack", "grouped-rack")
"""Presets of racks whose rules were compared; in the others policies were trained beside the rules."""

HEAD = """# Scenarios

Made by `python scripts/pages.py scenarios`, which measures every preset on workloads of its own. Utilisation is the
mean over DFTSP's batches, of the bands, the memory and the compute window; with a flexible split of the epoch it is of
the whole epoch, and compute includes the transfers. *Per batch* is the part of compute time that a batch costs whoever
is in it: with the `roofline` cost model mainly the weights, read once per decode step; the `paper` model has none. The
last two columns are what a clairvoyant's schedule serves more than DFTSP, and what no policy exceeds, on the first
workloads; where uploads carry over, more than `MinimumShares` in `EdgeLLM/Bandwidth-v0`. Where a preset has several
variants, DFTSP and hindsight have `node.decoder` alone on all modules, and a table compares ways to divide these.
Counts and fractions only: no timing was taken.
"""


def scenario_pages(
    measured: Mapping[str, dict[str, Any]],
    schedules: Mapping[str, dict[str, Any]],
    tasks: Mapping[str, dict[str, Any]],
    racks: Mapping[str, Findings],
) -> dict[Path, str]:
    """Every page by its file, as Markdown; one not measured says so.

    From `measure_scenario` of the presets, from `measure_schedules` of those whose engine schedules iterations, from
    `measure_tasks` of those whose requests are calls of agent tasks, and `rack_findings` of those that are a rack.
    """
    described = describe_scenarios()
    listed = Table(
        ("scenario", "what it is"), [(f"[`{name}`]({name}.md)", text) for name, text in described.items()]
    ).markdown()
    pages = {FOLDER / "index.md": f"{HEAD}\n{overview(measured).markdown()}\n\n{listed}\n"}
    return pages | {
        FOLDER / f"{name}.md": scenario_page(
            name, text, measured.get(name), schedules.get(name), tasks.get(name), racks.get(name)
        )
        for name, text in described.items()
    }


def rack_findings() -> dict[str, Findings]:
    """What policies earn with every preset of a rack, by its name."""
    found = {name: findings_of_comparison(name, recorded(f"compare-scaling-{name}")) for name in COMPARED_RACKS}
    for record in (recorded(f"train-{name}") for name in NAMES):
        found[record["scenario"]] = findings_of_training(record)
    return found


def overview(measured: Mapping[str, dict[str, Any]]) -> Table:
    """All measured presets in one table."""
    heads = ["scenario", "requests/s", "served %", *(f"{resource} %" for resource in RESOURCES), "per batch %"]
    heads += ["schedule", "bound"]
    rows = [
        (
            f"[`{name}`]({name}.md)",
            f"{one['arrivals_per_s']:.2f}",
            f"{100 * one['served'] / max(1, one['settled']):.1f}",
            *(f"{100 * one['utilisation'][resource]:.1f}" for resource in RESOURCES),
            f"{100 * one['compute_per_batch']:.0f}" if "compute_per_batch" in one else NO_VALUE,
            *(f"{_percent_above_dftsp(one, which):+.1f} %" for which in ("schedule", "upper_bound")),
        )
        for name, one in measured.items()
    ]
    return Table(heads, rows)


def scenario_page(
    name: str,
    description: str,
    measured: dict[str, Any] | None,
    schedules: dict[str, Any] | None,
    tasks: dict[str, Any] | None,
    rack: Findings | None,
) -> str:
    """A preset's page: description, what was measured, settings with their sources."""
    content = preset_content(name)
    script = "benchmark.py schedules" if "iterations" in content else "pages.py scenarios"
    if "tasks" in content["workload"]:
        script = "benchmark.py tasks"
    command = f"python scripts/{script} --scenarios {name}"
    if content["workload"]["arrivals"]["kind"] == "trace":
        command += " --trace FILE"
    if measured is not None:
        command += f" --episodes {measured['episodes']} --hindsight-episodes {measured['hindsight']['episodes']}"
    if tasks is not None:
        command += f" --episodes {tasks['episodes']} --hindsight-episodes {tasks['hindsight']['episodes']}"
    found = "Not measured." if measured is None else findings(measured)
    if schedules is not None:
        found = findings_of_schedules(schedules)
    if tasks is not None:
        found = findings_of_tasks(tasks)
    if rack is not None:
        found, command = rack
    lines = [f"# {name}\n", f"{description}.\n", "## What binds, and what is left to gain\n", found]
    return "\n".join([*lines, f"`{command}`\n", "## Settings\n", settings_table(name), ""])


def findings(measured: dict[str, Any]) -> str:
    """What was measured, in words; and the table of partitions where there are several variants."""
    hindsight = measured["hindsight"]
    most_used = max(RESOURCES, key=lambda resource: measured["utilisation"][resource])
    epochs = measured["episodes"] * measured["epochs"]
    oracle = "MinimumShares" if "uploads" in measured else "DFTSP"
    text = (
        f"On {measured['episodes']} workloads of {measured['epochs']} epochs {oracle} serves "
        f"{100 * measured['served'] / max(1, measured['settled']):.1f} % of the requests, "
        f"{measured['served'] / epochs:.2f} per epoch; {most_used} is used most, "
        f"{100 * measured['utilisation'][most_used]:.0f} %. "
        f"{measured['beyond_visible'] / epochs:.2f} requests per epoch wait beyond the visible slots. "
        f"On the first {hindsight['episodes']} workloads {oracle} serves {hindsight['dftsp']}, a clairvoyant's "
        f"schedule {hindsight['schedule']} ({_percent_above_dftsp(measured, 'schedule'):+.1f} %), and no policy more "
        f"than {hindsight['upper_bound']} ({_percent_above_dftsp(measured, 'upper_bound'):+.1f} %).\n"
    )
    if "uploads" in measured:
        return f"{text}\n{uploads_table(measured)}\n"
    return f"{text}\n{partitions_table(measured['partitions'])}\n" if "partitions" in measured else text


def uploads_table(measured: dict[str, Any]) -> str:
    """What each rule serves where uploads carry over, and the oracle where they do not."""
    uploads, oracle = measured["uploads"], measured["served"]
    said = {name: f"{name}, {numbers}" for name, numbers in uploads["tuned"].items()}
    served = {"MinimumShares within an epoch": uploads["within_epoch"]} | uploads["served"]
    rows = [
        (
            said.get(name, name),
            f"{count}",
            f"{100 * (count / max(1, oracle) - 1):+.1f} %",
        )
        for name, count in sorted(served.items(), key=lambda one: -one[1])
    ]
    return Table(("in `EdgeLLM/Bandwidth-v0`", "served", "against the oracle"), rows).markdown()


def partitions_table(partitions: dict[str, Any]) -> str:
    """What each way to divide the modules serves."""
    best = partitions["served"]["best fixed partition"]
    fixed = ", ".join(f"{count} × {variant}" for variant, count in partitions["best_fixed"].items())
    rows = [
        (
            f"{name}: {fixed}" if name == "best fixed partition" else name,
            f"{served}",
            f"{100 * served / max(1, best):.1f}",
        )
        for name, served in partitions["served"].items()
    ]
    return Table(("modules in `EdgeLLM/Compute-v0`", "served", "% of best fixed"), rows).markdown()


def settings_table(name: str) -> str:
    """Every setting of a preset with its source."""
    rows = [
        (f"`{one.section}.{one.field}`", f"`{one.value}`", one.source, "yes" if one.assumed else "")
        for one in settings(preset_content(name))
    ]
    return Table(("setting", "value", "source", "assumed"), rows).markdown()


def _percent_above_dftsp(measured: dict[str, Any], which: str) -> float:
    hindsight = measured["hindsight"]
    return 100.0 * (hindsight[which] / max(1, hindsight["dftsp"]) - 1.0)
