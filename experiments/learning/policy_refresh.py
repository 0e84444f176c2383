"""Evaluating saved policies again after a change of the environment, so that their cards are true of what it is now."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.evaluation.references import References
from edge_llm_agents.pretrained.saved_policies import read_policy, save_policy
from edge_llm_agents.pretrained.shipped import path_of


class Refreshed(NamedTuple):
    """What a policy's card said, and what it says now."""

    before_percent_of_dftsp: float
    after_percent_of_dftsp: float
    changed: bool
    """Whether the scenario is another than the card knew."""


def refresh_policy(name: str | Path, hindsight_episodes: int | None = None) -> Refreshed:
    """Evaluate a policy on its card's workloads, whatever its scenario was, and write the card anew; weights stay.

    DFTSP, the look-ahead rule and hindsight are evaluated again too, the latter on `hindsight_episodes`, or as many as
    the card has. Raises ValueError as `load_policy` does, but for a scenario that changed.
    """
    set_thread_counts()
    path = path_of(name)
    policy, card, fingerprint = read_policy(path)
    evaluated = card.evaluation["references"]
    known = evaluated["hindsight_episodes"] if hindsight_episodes is None else hindsight_episodes
    references = References(policy.scenario, evaluated["episodes"], known, evaluated["seed"])
    judged = references.judge(partial(evaluate_learned, policy))
    kept = {key: value for key, value in card.evaluation.items() if key != "closes_percent_of_gap_to_hindsight"}
    evaluation = kept | judged | {"references": references.as_record()}
    check = card.check | {"served": judged["served_on_check_episodes"]}
    save_policy(policy, replace(card, evaluation=evaluation, check=check), path)
    return Refreshed(
        card.evaluation["percent_of_dftsp"],
        judged["percent_of_dftsp"],
        fingerprint != policy.scenario.fingerprint(),
    )
