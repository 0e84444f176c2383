"""Comparisons where the reward of an episode counts: what policies earn stands beside what they serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_llm_agents.comparison.records import BOUND, SCHEDULE
from edge_llm_baselines.playing.earned import Earned


def by_reward(
    records: Sequence[dict[str, Any]],
    earned: Mapping[str, Earned],
    oracle: str,
    most: Sequence[float],
    scheduled: Earned | None,
) -> list[dict[str, Any]]:
    """The records with what each policy earned, who earned most first.

    `most` has what nobody earns more than on the first workloads; the gap that is closed is that to it. `scheduled`
    has what schedules earn on these; where nobody searches for any, the record of what they serve is left out.
    """
    reference = earned[oracle].reward
    gap = float(np.sum(most) - reference[: len(most)].sum())
    found = []
    for record in records:
        one = scheduled if record["policy"] == SCHEDULE else earned.get(record["policy"])
        if one is not None:
            gained = float((one.reward[: len(most)] - reference[: len(most)]).sum())
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


def joined_schedules(schedules: Sequence[Earned], played: Sequence[Earned]) -> Earned | None:
    """What schedules of the first workloads earn; where somebody who played earned more, that counts. None of none."""
    if not schedules:
        return None
    best = []
    for at, schedule in enumerate(schedules):
        known = [(schedule, 0), *((one, at) for one in played)]
        best.append(max(known, key=lambda one: float(one[0].reward[one[1]])))
    names = schedules[0].beside
    return Earned(
        np.array([one.reward[at] for one, at in best]),
        np.array([one.arrived[at] for one, at in best]),
        np.array([one.served[at] for one, at in best]),
        {name: np.array([one.beside[name][at] for one, at in best]) for name in names},
    )
