"""How a scenario's modules are powered and grouped."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_llm_env.support.quantities import DurationS, Modules
from edge_llm_env.support.section import NEUTRAL, Section

Power = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class RackSettings(Section):
    """How modules are powered and grouped where an agent decides how many are on."""

    idle_power_w: Power = Field(
        default=0.0,
        description="power of a module that is on, from when it begins to start, beside what its batches take",
    )
    modules_per_group: Modules | None = Field(
        default=None,
        description="modules that work as one on a batch of their own; if none is given, all that have started do",
    )
    group_sizes: Annotated[tuple[Modules, ...], Field(min_length=2, max_length=16)] | None = Field(
        default=None,
        description="in place of `modules_per_group`, sizes that an agent chooses among, ascending; an episode begins "
        "with the first, and `node.parallelism` has the link",
        json_schema_extra=NEUTRAL,
    )
    modules_at_start: Annotated[int, Field(ge=0, le=1024)] | None = Field(
        default=None,
        description="modules that are on and have started when an episode begins; if none is given, all",
    )
    history_epochs: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=32, description="how many epochs back observations show arrivals and counts at feeder cells"
    )
    day_s: DurationS = Field(default=86400.0, description="length of the day that observations show the time of")
