"""The table of reward terms: the weight that a scenario gives to each."""

from __future__ import annotations

from pydantic import Field

from edge_llm_env.support.quantities import RewardWeight
from edge_llm_env.support.section import NEUTRAL, Section


class RewardWeights(Section):
    """The reward of a step is the sum of these weights times their terms.

    A field is a term: its default weight, its meaning, and the unit of the quantity that is weighted. The kernels of
    `edge_llm_env.dynamics.epoch` pay the terms when what they count happens.
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


TASK_TERMS = ("task_completed", "task_failed")
"""Terms that there are beside the others where workloads are of agent tasks."""

REWARD_TERMS = tuple(name for name in RewardWeights.model_fields if name not in TASK_TERMS)
"""Names of the terms, as `info["reward_terms"]` and the columns of `NodeState.reward_terms` have them."""
