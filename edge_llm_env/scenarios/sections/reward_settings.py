"""The table of reward terms: the weight that a scenario gives to each."""

from __future__ import annotations

from pydantic import Field

from edge_llm_env.support.quantities import RewardWeight
from edge_llm_env.support.section import Section


class RewardWeights(Section):
    """The reward of a step is the sum of these weights times their terms.

    A field is a term: its default weight, its meaning, and the unit of the quantity that is weighted. The kernels of
    `edge_llm_env.dynamics.epoch` pay the terms when what they count happens.
    """

    served: RewardWeight = Field(1.0, description="per request served", json_schema_extra={"unit": "requests"})
    tokens: RewardWeight = Field(0.0, description="per output token served", json_schema_extra={"unit": "tokens"})
    energy: RewardWeight = Field(
        0.0, description="per joule spent; negative to save energy", json_schema_extra={"unit": "J"}
    )
    expired: RewardWeight = Field(
        0.0, description="per request expired; negative to avoid it", json_schema_extra={"unit": "requests"}
    )


REWARD_TERMS = tuple(RewardWeights.model_fields)
"""Names of the terms, as `info["reward_terms"]` and the columns of `NodeState.reward_terms` have them."""
