"""Whether this installation reproduces what the package recorded: rules and learned policies, in every environment."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.leaderboard.policies.rules import Rule
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.pretrained.shipped import PRETRAINED, card_of, policies_for
from edge_llm_agents.protocol.claims import is_number
from edge_llm_agents.protocol.judging import Gained, gained
from edge_llm_agents.records.hashes import workloads_sha256
from edge_llm_agents.records.record import NoRecordError, read_record, write_record
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of, shown
from edge_llm_env.workload.streams import draw_workloads

RECORDED = Path(str(files("edge_llm_agents"))) / "protocol" / "check.json"
"""What came out where the numbers were recorded."""

EPISODES = 2
"""Workloads of each case."""


class Case(NamedTuple):
    """A policy on the first test workloads of an environment's medium scenario."""

    environment: str
    scenario: str
    policy: str
    """Key of a rule, or name of a policy of the package."""
    tuned: Any
    """What is tuned of a rule; None if nothing is."""
    workloads_sha256: str
    gained: Gained

    def again(self) -> Case:
        """The same, as it comes out here."""
        scenario = load_scenario(self.scenario)
        workloads = draw_workloads(scenario, EPISODES)
        found = gained(self.environment, source_of(self).policy(self.environment, scenario), scenario, workloads)
        return self._replace(workloads_sha256=workloads_sha256(workloads), gained=found)


def source_of(case: Case) -> Source:
    """The rule or the policy of the package that plays a case."""
    if case.policy in baselines_of(case.environment).rules:
        return Rule(case.policy, case.tuned, 0)
    return SavedFile(case.policy)


def cases() -> list[Case]:
    """What is checked, not played yet: each environment's reference rule, tuned here, and a policy of the package."""
    found = []
    for env_id, environment in ENVIRONMENTS.items():
        scenario, baselines = load_scenario(environment.tiers.medium.scenario), baselines_of(env_id)
        tuned, _ = baselines.tuned_oracle(scenario, 0)
        found.append(Case(env_id, scenario.name, baselines.oracle, tuned, "", []))
        saved = [one for one in policies_for(scenario) if card_of(PRETRAINED / one)["environment"] == env_id]
        found += [Case(env_id, scenario.name, name, None, "", []) for name in saved[:1]]
    return found


def record_check(path: Path = RECORDED) -> None:
    """Play all and write what comes out: what every other installation is held against."""
    write_record(path, {"episodes": EPISODES, "cases": [case.again()._asdict() for case in cases()]})


def check(path: Path = RECORDED) -> Iterator[tuple[Case, Case]]:
    """Each recorded case, and as it comes out here. Raises NoRecordError for a file that holds no such record."""
    for case in _recorded(path):
        yield case, case.again()


def _recorded(path: Path) -> list[Case]:
    record = read_record(path)
    try:
        recorded = [Case(**said) for said in record["cases"]]
        for case in recorded:
            one_of("environment", case.environment, ENVIRONMENTS)
            if not isinstance(case.scenario, str) or not isinstance(case.policy, str):
                raise TypeError(f"scenario = {shown(case.scenario)}, policy = {shown(case.policy)}: must be names")
            if not isinstance(case.gained, list) or not all(map(is_number, case.gained)):
                raise TypeError(f"gained = {shown(case.gained)}: must be numbers")
    except (KeyError, TypeError, ValueError) as error:
        raise NoRecordError(f"{path}: is no record of a check: {error!r}; must be as --record writes it") from None
    return recorded
