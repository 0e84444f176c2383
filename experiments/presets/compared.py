"""What recorded comparisons say of presets that environments of their own play: racks, networks, levels of service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge_llm_agents.comparison.columns import comparison_table
from edge_llm_agents.comparison.records import BOUND, SCHEDULE
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT, MULTI_NODE
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.support.tables import Table
from experiments.presets.findings import Findings

COMPARISONS = (
    "compare-scaling-diurnal-rack",
    "compare-scaling-grouped-rack",
    "compare-multinode-two-cells",
    "compare-multinode-hotspot",
    "compare-multinode-edge-cloud",
    "compare-multinode-placement",
    "compare-multinode-shared-edge",
    "compare-multinode-tp-mppo",
    "compare-servicelevel-service-levels",
    "compare-servicelevel-specialists",
)
"""Recorded comparisons, by file."""

OF_ENVIRONMENTS = {
    BANDWIDTH: "compare-bandwidth-embedding-uplink",
    COMPUTE: "compare-compute-specialists-compute",
    JOINT: "compare-joint-accuracy-tiers",
}
"""Those that environments show, by id: they share their presets with others, whose figures the presets' pages have."""

EARNED = ("policy", "reward", "served", "modules", "gap")
"""Columns, by how their headings begin, where policies are compared by what they earn."""

SERVED = ("policy", "requests/s", "% of", "gap", "on time")
"""The same where they are compared by whom they serve."""

SOLVED_PERCENT = 97.5
"""Of the joint optimum, from which a network counts as solved by GAH."""


def compared_findings(records: Iterable[Mapping[str, Any]]) -> dict[str, Findings]:
    """What was found of every preset that was compared, by its name; of recorded comparisons."""
    return {record["scenario"]: findings_of_comparison(record) for record in records}


def comparing_command(env_id: str, scenario: str, settings: Mapping[str, Any] | None = None) -> str:
    """The command that compares the rules of an environment on a preset, with the counts of recorded settings."""
    counts, trains = "", False
    if settings is not None:
        counts = f" --episodes {settings['episodes']} --hindsight-episodes {settings['hindsight_episodes']}"
        trains = not settings["no_train"]
    return f"edge-llm compare --env {env_id} --scenario {scenario}{'' if trains else ' --no-train'}{counts}"


def findings_of_comparison(record: Mapping[str, Any]) -> Findings:
    """Of a recorded comparison of the rules."""
    episodes, known = (record["settings"][which] for which in ("episodes", "hindsight_episodes"))
    fewer = "" if known == episodes else f", of the first {known}"
    shown = [
        one | {"policy": one["policy"] + fewer} if one["policy"] in (BOUND, SCHEDULE) else one
        for one in record["policies"]
    ]
    whole = comparison_table(shown, record["oracle"])
    earns = any("reward_per_episode" in one for one in shown)
    columns = [begins for begins in (EARNED if earns else SERVED) if known or begins != "gap"]
    kept = [at for at, heading in enumerate(whole.headings) if heading.startswith(tuple(columns))]
    table = Table([whole.headings[at] for at in kept], [[row[at] for at in kept] for row in whole.rows])
    most = "nobody earns more than" if earns else "no policy exceeds"
    gap = f"; the gap is that of {record['oracle']} to what {most}, on the first {known}" if known else ""
    return Findings(
        f"In `{record['environment']}`, on {episodes} workloads{gap}.\n\n{_solved(record)}{table.markdown()}\n",
        comparing_command(record["environment"], record["scenario"], record["settings"]),
        record["scenario_fingerprint"],
    )


def _solved(record: Mapping[str, Any]) -> str:
    """What the page of a network says where nodes keep the models that they hold: what is left is a solver's."""
    if record["environment"] != MULTI_NODE or preset_content(record["scenario"])["network"].get("placement"):
        return ""
    percent = next(one for one in record["policies"] if one["policy"] == "GAH")["percent_of_oracle"]
    by = "Solved by GAH" if percent >= SOLVED_PERCENT else "Left to the solver"
    return (
        f"{by}: nodes keep the models that they hold, and with equal bids GAH serves {percent:.1f} % of the "
        f"{record['oracle']}.\n\n"
    )
