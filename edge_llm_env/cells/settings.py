"""How a scenario describes several cells: a patch for each, and what joins their nodes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from edge_llm_env.cells.crowds import Crowd
from edge_llm_env.support.paths.file_path import Patch
from edge_llm_env.support.quantities import PositiveFloat
from edge_llm_env.support.section import NEUTRAL, Section

MOST_NODES = 64
"""Of a network; a larger one is many networks."""

PATCHED = ("node", "radio", "workload", "reward")
"""Sections that a cell may have of its own; the rest is the same for all."""

BackhaulS = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
"""One way: a satellite link takes a tenth of the most."""

CoordinateM = Annotated[float, Field(ge=-1e8, le=1e8, allow_inf_nan=False)]
"""As far as `DistanceM` reaches."""

Share = Annotated[float, Field(ge=0, le=1)]


class Cloud(Section):
    """Servers behind the backhaul that serve any number of requests at once, each as fast as if it were alone."""

    backhaul_s: BackhaulS = Field(description="time of the way there, and of the way back")
    time_to_first_token_s: BackhaulS = Field(description="from a prompt's arrival there to the first token")
    time_per_output_token_s: BackhaulS = Field(description="for each token after it")
    price_per_token: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = Field(
        description="what each token of a prompt and of its answer costs, in units of the reward"
    )
    accuracy: Share = Field(default=1.0, description="that it offers to requests of every class")


class Network(Section):
    """Cells of one node each. A request is sent in its own cell and served there, or over the backhaul elsewhere.

    A request that another node serves is received at its own base station, on the band of the node that serves it (each
    node has one, which the other stations receive too, so that no band is used twice); prompt and answer cross the
    backhaul, which takes its time off the slack. That the band is that of the serving node is an assumption of this
    suite. The cloud has a band of its own, likewise, with the radio of the scenario.

    Where `sites_m` says where stations stand, the nearest other station within whose cell's radius a user is hears
    them too. That node receives and answers them by itself, without the backhaul, if it hears them at least as well as
    their own station does in the first epoch that sees them (`edge_llm_env.nodes.workload.hears`).
    """

    cells: dict[str, Annotated[dict[str, Any], Patch()]] = Field(
        description="name of each cell → its own fields of node, radio, workload and reward, laid over the scenario's"
    )
    backhaul_s: BackhaulS = Field(description="time of the way between any two nodes, one way")
    backhaul_bits_per_s: PositiveFloat | None = Field(
        default=None,
        description="bandwidth that each prompt and each answer finds on the way; if not given, it takes no time",
    )
    placement: bool = Field(
        default=False,
        description="the agent decides which of `node.variants` each node's modules hold; without it every node serves "
        "its `node.decoder`",
    )
    history_epochs: Annotated[int, Field(ge=0, le=64)] = Field(
        default=4, description="epochs whose arrivals, by cell and class, are shown"
    )
    sites_m: tuple[tuple[CoordinateM, CoordinateM], ...] | None = Field(
        default=None,
        description="where the base station of each cell stands, east and north: who is within the radius of another "
        "cell has a channel to its station too; if not given, nobody has",
        json_schema_extra=NEUTRAL,
    )
    cloud: Cloud | None = Field(default=None, description="servers behind the backhaul; none if not given")
    crowds: tuple[Crowd, ...] = Field(default=(), description="crowds that move through the cells")

    @field_validator("cells")
    @classmethod
    def _cells_are_patches(cls, cells: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if not 1 <= len(cells) <= MOST_NODES:
            raise ValueError(f"has {len(cells)} cells: must have 1 to {MOST_NODES}")
        for name, patch in cells.items():
            for section in patch:
                if section not in PATCHED:
                    raise ValueError(f"{name}.{section}: must be one of {', '.join(PATCHED)}")
        return cells

    @model_validator(mode="after")
    def _stations_are_of_these_cells(self) -> Network:
        if self.sites_m is not None and len(self.sites_m) != len(self.cells):
            raise ValueError(
                f"network.sites_m: has {len(self.sites_m)} stations, must have {len(self.cells)}, one a cell"
            )
        return self

    @model_validator(mode="after")
    def _crowds_move_through_these_cells(self) -> Network:
        for at, crowd in enumerate(self.crowds):
            if len(self.cells) < 2:
                raise ValueError("network.crowds: must be left out with one cell")
            try:
                crowd.way(self.names)
            except ValueError as error:
                detail = str(error).partition("Value error, ")[2].partition(" [type=")[0].replace("lengths", "stays")
                raise ValueError(f"network.crowds[{at}]: {detail or error}") from None
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Of the cells, in their order."""
        return tuple(self.cells)
