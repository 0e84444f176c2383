"""How a learned policy does in scenarios that it was not trained for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.pretrained.saved_policies import SavedPolicy
from edge_llm_agents.records.intervals import Interval
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.streams import Stream


def generalisation(
    policy: SavedPolicy, scenarios: Mapping[str, Scenario], episodes: int, seed: int
) -> Iterator[dict[str, Any]]:
    """For each named scenario a record: the policy beside DFTSP and a look-ahead rule tuned for that very scenario.

    Workloads are of the shifted split, but where the policy was trained for the scenario: there of the test split.
    """
    for name, scenario in scenarios.items():
        trained_for = scenario.fingerprint() == policy.scenario.fingerprint()
        stream = Stream.EVALUATION if trained_for else Stream.SHIFTED
        judge = judge_of(policy.env_id, scenario, episodes, seed=seed, stream=stream)
        judged = judge.judge(policy.for_scenario(scenario).acting)
        yield {
            "scenario": name,
            "fingerprint": scenario.fingerprint(),
            "trained_for": trained_for,
            "references": judge.record,
            "policy": judged,
        }


def generalisation_table(records: list[dict[str, Any]]) -> Table:
    """A row per record; what the policy was trained for in bold."""
    rows = []
    for record in records:
        policy, rule = record["policy"], record["references"]["look_ahead"]
        rows.append(
            (
                f"**{record['scenario']}**" if record["trained_for"] else record["scenario"],
                Interval(**policy["difference_to_dftsp_percent"]).plus(100.0).text(".2f"),
                f"{rule['percent_of_dftsp']:.2f}",
                Interval(**policy["difference_to_look_ahead_percent"]).text("+.2f"),
            )
        )
    return Table(("scenario", "% of DFTSP [95 % CI]", "look-ahead, tuned there", "above it [95 % CI]"), rows)
