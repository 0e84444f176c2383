"""The table of kinds of arrivals, from which the schema's union, the documentation and the tests are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from edge_llm_env.arrivals.diurnal import DiurnalArrivals
from edge_llm_env.arrivals.diurnal_bursts import DiurnalBurstArrivals
from edge_llm_env.arrivals.feeders import FeederArrivals
from edge_llm_env.arrivals.gamma import GammaArrivals
from edge_llm_env.arrivals.markov_modulated import MarkovModulatedArrivals
from edge_llm_env.arrivals.poisson import PoissonArrivals
from edge_llm_env.arrivals.process import ArrivalProcess
from edge_llm_env.arrivals.trace import TraceArrivals

ARRIVALS: tuple[type[ArrivalProcess], ...] = (
    PoissonArrivals,
    GammaArrivals,
    MarkovModulatedArrivals,
    DiurnalArrivals,
    DiurnalBurstArrivals,
    FeederArrivals,
    TraceArrivals,
)
"""Every kind."""

if TYPE_CHECKING:
    Arrivals = ArrivalProcess
else:
    Arrivals = Annotated[Union[ARRIVALS], Field(discriminator="kind")]  # noqa: UP007 (made from the table)
