"""The table of beliefs of output lengths, from which the schema's union, the documentation and the tests are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from edge_llm_env.beliefs.classes import LengthClasses
from edge_llm_env.beliefs.exact import ExactLengths
from edge_llm_env.beliefs.length_belief import LengthBelief
from edge_llm_env.beliefs.noisy import NoisyLengths

LENGTH_BELIEFS: tuple[type[LengthBelief], ...] = (ExactLengths, NoisyLengths, LengthClasses)
"""Every kind."""

if TYPE_CHECKING:
    LengthBeliefs = LengthBelief
else:
    LengthBeliefs = Annotated[Union[LENGTH_BELIEFS], Field(discriminator="kind")]  # noqa: UP007 (made from the table)
