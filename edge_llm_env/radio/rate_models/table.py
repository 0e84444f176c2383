"""The table of rate models, from which the schema's union, the documentation and the tests are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BeforeValidator, Field

from edge_llm_env.radio.rate_models.cqi import CqiRate
from edge_llm_env.radio.rate_models.rate_model import RateModel
from edge_llm_env.radio.rate_models.shannon import ShannonRate

RATE_MODELS: tuple[type[RateModel], ...] = (ShannonRate, CqiRate)
"""Every kind."""


def _by_name(given: Any) -> Any:
    """`"cqi"` stands for `{ kind = "cqi" }`."""
    return {"kind": given} if isinstance(given, str) else given


if TYPE_CHECKING:
    RateModels = RateModel
else:
    RateModels = Annotated[
        Union[RATE_MODELS],  # noqa: UP007 (made from the table)
        Field(discriminator="kind"),
        BeforeValidator(_by_name),
    ]
