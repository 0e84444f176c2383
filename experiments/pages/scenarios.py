"""Documentation pages of the presets: what each models, what binds, what is left to gain, where values come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.envs.suite import MULTI_NODE, SCALING, SERVICE_LEVEL
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios.loading import describe_scenarios, list_scenarios, load_scenario, preset_content
from edge_llm_env.scenarios.settings import settings
from edge_llm_env.support.tables import NO_VALUE, Table
from experiments.allocation.partitions import findings_of_partitions, partitions_table, percent_above
from experiments.learning.rack_tables import NAMES, findings_of_training
from experiments.pages.recorded import recorded
from experiments.presets.compared import COMPARISONS, compared_findings, comparing_command
from experiments.presets.findings import Findings
from experiments.presets.reported import REPORTED, beside_reported
from experiments.scheduling.measurements import findings_of_schedules
from experiments.scheduling.tasks import findings_of_tasks

FOLDER = Path("docs/scenarios")
"""Where the pages stand in the repository; the first compares the presets."""

OF_THEIR_OWN = {"network": MULTI_NODE, "rack": SCALING}
"""Sections of scenarios that environments of their own play, which are compared there."""

HEAD = """# Scenarios

Made by `python scripts/pages.py scenarios`, which measures presets of batches on workloads of its own; the pages of
others say what measures them. Utilisation is the mean over DFTSP's batches, of the bands, the memory and the compute
window; with a flexible split of the epoch it is of the whole epoch, and compute includes the transfers. *Per batch*
is the part of compute time that a batch costs whoever is in it: with the `roofline` cost model mainly the weights,
read once per decode step; the `paper` model has none. The last two columns are what a clairvoyant's schedule serves
more than DFTSP, and what no policy exceeds, on the first workloads; where uploads carry over, more than
`MinimumShares` in `EdgeLLM/Bandwidth-v0`. Where a preset has several variants, all of this is of `node.decoder` alone
on all modules; its page says what `EdgeLLM/Compute-v0` serves, which divides them. Counts and fractions only: no
timing was taken.
"""


WINDOWS = """
Every stream, of training as of evaluation, draws its windows from the whole trace, so that they overlap: windows of one
evaluation are not independent, and a policy that learns here is judged on what it has seen. `start_offset_s` and
`duration_s` of `workload.arrivals` keep the parts of a trace apart.
"""
"""What the page of a preset that replays a trace says of its workloads."""


def scenario_pages(
    measured: Mapping[str, dict[str, Any]],
    schedules: Mapping[str, dict[str, Any]],
    tasks: Mapping[str, dict[str, Any]],
    compared: Mapping[str, Findings],
) -> dict[Path, str]:
    """Every page by its file, as Markdown; one not measured says so.

    From `measure_scenario` of the presets, from `measure_schedules` of those whose engine schedules iterations, from
    `measure_tasks` of those whose requests are calls of agent tasks, and `findings_elsewhere` of those that
    environments of their own play.
    """
    described = describe_scenarios()
    listed = Table(
        ("scenario", "what it is"), [(f"[`{name}`]({name}.md)", text) for name, text in described.items()]
    ).markdown()
    pages = {FOLDER / "index.md": f"{HEAD}\n{overview(measured).markdown()}\n\n{listed}\n"}
    return pages | {
        FOLDER / f"{name}.md": scenario_page(
            name, text, measured.get(name), schedules.get(name), tasks.get(name), compared.get(name)
        )
        for name, text in described.items()
    }


def findings_elsewhere() -> dict[str, Findings]:
    """What policies earn with presets that environments of their own play, by their names."""
    found = compared_findings(map(recorded, COMPARISONS))
    for name, sweep in REPORTED.items():
        found[name] = found[name]._replace(text=found[name].text + beside_reported(recorded(sweep)))
    for record in (recorded(f"train-{name}") for name in NAMES):
        found[record["scenario"]] = findings_of_training(record)
    return found


def other_command(name: str) -> str | None:
    """The command, without its counts, that measures a preset which `pages.py scenarios` leaves out; None of others."""
    if (env_id := played_in(name)) is not None:
        return comparing_command(env_id, name)
    content = preset_content(name)
    if "iterations" in content:
        return f"python scripts/benchmark.py schedules --scenarios {name}{_trace_of(name)}"
    if "tasks" in content["workload"]:
        return f"python scripts/benchmark.py tasks --scenarios {name}"
    return None


def played_in(name: str) -> str | None:
    """The environment of its own that plays a preset; None of others, and of what is no preset."""
    if name not in list_scenarios():
        return None
    content = preset_content(name)
    for part, env_id in OF_THEIR_OWN.items():
        if part in content:
            return env_id
    compared = [one.id for one in ENVIRONMENTS.values() if name in {tier.scenario for tier in one.tiers}]
    return SERVICE_LEVEL if compared == [SERVICE_LEVEL] else None


def measuring_command(name: str) -> str:
    """The command that measures a preset, without its counts."""
    return other_command(name) or f"python scripts/pages.py scenarios --scenarios {name}{_trace_of(name)}"


def _trace_of(name: str) -> str:
    return " --trace FILE" if _replays(name) else ""


def _replays(name: str) -> bool:
    """Whether a preset replays a trace."""
    return preset_content(name)["workload"]["arrivals"]["kind"] == "trace"


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
    compared: Findings | None,
) -> str:
    """A preset's page: description, what was measured, settings with their sources."""
    command = measuring_command(name)
    if (counted := measured or schedules or tasks) is not None:
        command += f" --episodes {counted['episodes']} --hindsight-episodes {counted['hindsight']['episodes']}"
    found = "Not measured." if measured is None else findings(measured)
    if schedules is not None:
        found = findings_of_schedules(schedules)
    if tasks is not None:
        found = findings_of_tasks(tasks)
    if compared is not None:
        found, command = compared.text, compared.command
    of_batches = None if measured is None else measured["fingerprint"]
    found += _of_another(name, of_batches if compared is None else compared.fingerprint)
    if _replays(name):
        found += WINDOWS
    lines = [f"# {name}\n", f"{description}.\n", "## What binds, and what is left to gain\n", found]
    return "\n".join([*lines, f"`{command}`\n", "## Settings\n", settings_table(name), ""])


def _of_another(name: str, fingerprint: str | None) -> str:
    """What the page says where a preset was measured that was not what it is now, as far as that can be known."""
    if fingerprint is None or _replays(name):
        return ""
    if load_scenario(name).fingerprint() == fingerprint:
        return ""
    return "\nMeasured before the preset, or the numbers of its catalogue, became what they are now.\n"


def findings(measured: dict[str, Any]) -> str:
    """What was measured, in words; and the table of partitions where there are several variants."""
    hindsight = measured["hindsight"]
    most_used = max(RESOURCES, key=lambda resource: measured["utilisation"][resource])
    epochs = measured["episodes"] * measured["epochs"]
    oracle = "MinimumShares" if "uploads" in measured else "DFTSP"
    divided = "partitions" in measured
    text = (
        f"On {measured['episodes']} workloads of {measured['epochs']} epochs {oracle} serves "
        f"{100 * measured['served'] / max(1, measured['settled']):.1f} % of the requests, "
        f"{measured['served'] / epochs:.2f} per epoch; {most_used} is used most, "
        f"{100 * measured['utilisation'][most_used]:.0f} %. "
        f"{measured['beyond_visible'] / epochs:.2f} requests per epoch wait beyond the visible slots. "
        f"On the first {hindsight['episodes']} workloads {oracle} serves {hindsight['dftsp']}, a clairvoyant's "
        f"schedule {hindsight['schedule']} ({_percent_above_dftsp(measured, 'schedule'):+.1f} %), and no policy "
        f"{'of this decoder ' if divided else ''}more than {hindsight['upper_bound']} "
        f"({_percent_above_dftsp(measured, 'upper_bound'):+.1f} %).\n"
    )
    if "uploads" in measured:
        return f"{text}\n{uploads_table(measured)}\n"
    if not divided:
        return text
    return (
        f"**`node.decoder` alone on all modules** (`EdgeLLM/BatchSelection-v0`). {text}\n"
        "**Modules divided among the variants** (`EdgeLLM/Compute-v0`). "
        f"{findings_of_partitions(measured['partitions'], hindsight['episodes'])}\n"
        f"{partitions_table(measured['partitions'])}\n"
    )


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


def settings_table(name: str) -> str:
    """Every setting of a preset with its source."""
    rows = [
        (f"`{one.section}.{one.field}`", f"`{one.value}`", one.source, "yes" if one.assumed else "")
        for one in settings(preset_content(name))
    ]
    return Table(("setting", "value", "source", "assumed"), rows).markdown()


def _percent_above_dftsp(measured: dict[str, Any], which: str) -> float:
    return percent_above(measured["hindsight"][which], measured["hindsight"]["dftsp"])
