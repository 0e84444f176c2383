"""The table of reward terms: the weight that a scenario gives to each, and its column in kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.support.quantities import RewardWeight
from edge_llm_env.support.section import NEUTRAL, Section


class RewardWeights(Section):
    """The reward of a step is the sum of these weights times their terms.

    A field is a term: its default weight, its meaning, and the unit of the quantity that is weighted. Kernels pay it
    (`edge_llm_env.dynamics.payment`) where what it weighs happens.
    """

    served: RewardWeight = Field(
        1.0,
        description="per request served; 0 by default where there are tasks",
        json_schema_extra={"unit": "requests"},
    )
    tokens: RewardWeight = Field(0.0, description="per output token served", json_schema_extra={"unit": "tokens"})
    energy: RewardWeight = Field(
        0.0, description="per joule spent; negative to save energy", json_schema_extra={"unit": "J"}
    )
    expired: RewardWeight = Field(
        0.0, description="per request expired; negative to avoid it", json_schema_extra={"unit": "requests"}
    )
    task_completed: RewardWeight = Field(
        1.0,
        description="per agent task whose last call is served in time, where there are tasks",
        json_schema_extra={"unit": "tasks"} | NEUTRAL,
    )
    task_failed: RewardWeight = Field(
        0.0,
        description="per agent task that was begun and failed; negative to avoid it",
        json_schema_extra={"unit": "tasks"} | NEUTRAL,
    )

    def of(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """The weights of these terms, in their order."""
        return np.array([getattr(self, term) for term in terms])


TASK_TERMS = ("task_completed", "task_failed")
"""Terms that there are beside the others where workloads are of agent tasks."""

REWARD_TERMS = tuple(name for name in RewardWeights.model_fields if name not in TASK_TERMS)
"""Names of the terms, as `info["reward_terms"]` and the columns of `NodeState.reward_terms` have them."""

ALL_TERMS = (*REWARD_TERMS, *TASK_TERMS)
"""Names and columns of the terms where workloads are of agent tasks."""

R_SERVED, R_TOKENS, R_ENERGY, R_EXPIRED = (
    REWARD_TERMS.index(term) for term in ("served", "tokens", "energy", "expired")
)
"""Columns of `reward_terms` in every state."""

R_COMPLETED, R_FAILED = (TASK_TERMS.index(term) - len(TASK_TERMS) for term in ("task_completed", "task_failed"))
"""From the end, as they are behind the others."""
