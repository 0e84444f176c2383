"""Evaluating saved policies again after a change of the environment, so that their cards are true of what it is now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.pretrained.saved_policies import read_policy, save_policy
from edge_llm_agents.pretrained.shipped import path_of, percent_of_oracle


class Refreshed(NamedTuple):
    """What a policy's card said, and what it says now."""

    before_percent: float
    """Of the oracle of one epoch."""
    after_percent: float
    changed: bool
    """Whether the scenario is another than the card knew."""


def refresh_policy(name: str | Path, hindsight_episodes: int | None = None, episodes: int | None = None) -> Refreshed:
    """Evaluate a policy on its card's workloads, whatever its scenario was, and write the card anew; weights stay.

    With `episodes`, on so many instead, of the same stream. What it is held against is evaluated again too, hindsight
    on `hindsight_episodes`, or as many as the card has. Raises ValueError as `load_policy` does, but for a scenario
    that changed.
    """
    set_thread_counts()
    path = path_of(name)
    policy, card, fingerprint = read_policy(path)
    evaluated = card.evaluation["references"]
    known = evaluated.get("hindsight_episodes", 0) if hindsight_episodes is None else hindsight_episodes
    judge = judge_of(policy.env_id, policy.scenario, episodes or evaluated["episodes"], known, evaluated["seed"])
    judged = judge.judge(policy.acting)
    of_hindsight = ("closes_percent_of_gap_to_hindsight", "percent_of_hindsight")
    kept = {key: value for key, value in card.evaluation.items() if key not in of_hindsight}
    evaluation = kept | judged | {"references": judge.record}
    check = card.check | {"served": judged["served_on_check_episodes"]}
    save_policy(policy, replace(card, evaluation=evaluation, check=check), path)
    changed = fingerprint != policy.scenario.fingerprint()
    return Refreshed(percent_of_oracle(card.evaluation), percent_of_oracle(judged), changed)
