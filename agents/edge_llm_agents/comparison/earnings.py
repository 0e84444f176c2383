"""Comparisons where the reward of an episode counts: what policies earn stands beside what they serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_llm_agents.comparison.records import BOUND
from edge_llm_baselines.playing.earned import Earned


def by_reward(
    records: Sequence[dict[str, Any]], earned: Mapping[str, Earned], oracle: str, most: Sequence[float]
) -> list[dict[str, Any]]:
    """The records with what each policy earned, who earned most first.

    `most` has what nobody earns more than on the first workloads; the gap that is closed is that to it.
    """
    reference = earned[oracle].reward
    gap = float(np.sum(most) - reference[: len(most)].sum())
    found = []
    for record in records:
        one = earned.get(record["policy"])
        if one is not None:
            gained = float((one.reward - reference)[: len(most)].sum())
            record = record | {
                "reward_per_episode": one.reward.tolist(),
                "served_percent": 100.0 * one.served_share,
                "beside": one.means,
                "gap_closed_percent": 100.0 * gained / gap if gap > 0 else None,
            }
        elif record["policy"] == BOUND:
            record = record | {"reward_per_episode": list(most), "gap_closed_percent": 100.0 if gap > 0 else None}
        else:
            continue  # a schedule that serves most is none that earns most
        found.append(record)
    return sorted(found, key=lambda record: -float(np.mean(record["reward_per_episode"])))
