"""The table of kinds of fading, from which the schema's union, the documentation and the tests are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from edge_llm_env.radio.fading.averaged import AveragedFading
from edge_llm_env.radio.fading.fading import Fading
from edge_llm_env.radio.fading.rayleigh import RayleighFading
from edge_llm_env.radio.fading.rician import RicianFading

FADINGS: tuple[type[Fading], ...] = (RayleighFading, RicianFading, AveragedFading)
"""Every kind."""

if TYPE_CHECKING:
    Fadings = Fading
else:
    Fadings = Annotated[Union[FADINGS], Field(discriminator="kind")]  # noqa: UP007 (made from the table)
