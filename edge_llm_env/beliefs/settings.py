"""What a scenario's node believes, against what is."""

from __future__ import annotations

from pydantic import Field

from edge_llm_env.beliefs.exact import ExactLengths
from edge_llm_env.beliefs.table import LengthBeliefs
from edge_llm_env.support.quantities import DeviationDb
from edge_llm_env.support.section import Section


class BeliefSettings(Section):
    """Errors of what the node believes: it decides by its beliefs, and what comes of that is settled by the truth."""

    gain_error_db: DeviationDb = Field(
        default=0.0,
        description="standard deviation of the log-normal error of a believed gain, drawn for each epoch",
    )
    gain_margin_db: DeviationDb = Field(
        default=0.0, description="taken off every believed channel gain, so that transfers fail less often"
    )
    output_tokens: LengthBeliefs = Field(
        default=ExactLengths(), description="what is believed of the length of an output"
    )

    @property
    def are_true(self) -> bool:
        """Whether the node knows everything as it is."""
        return self == BeliefSettings()
