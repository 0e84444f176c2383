"""What a network of cells is: a scenario for each, and the backhaul between their nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_llm_env.scenarios.schema import Scenario, ScenarioError
from edge_llm_env.support.naming import shown

MOST_NODES = 64
"""Of a network; a larger one is many networks."""

MOST_BACKHAUL_S = 10.0
"""One way: what a satellite link takes, many times over."""


@dataclass(frozen=True)
class Network:
    """Cells of one node each. A request is sent in its own cell and served there, or over the backhaul elsewhere.

    Every cell is a `Scenario`: its arrivals, its users and their radio, its node with hardware and model of its own.
    The epoch, and how many fading blocks a request meets, must be the same in all. A request that another node serves
    is received at its own base station, on the band of the node that serves it (each node has one, which the other
    stations receive too, so that no band is used twice); its prompt and its answer cross the backhaul, which takes
    `backhaul_s` each way off its slack. That the band is that of the serving node is an assumption of this suite.

    Raises `ScenarioError` for cells that do not go together, ValueError for a backhaul that is negative or not finite.
    """

    cells: tuple[Scenario, ...]
    backhaul_s: float
    """Time of the backhaul between any two nodes, one way (s)."""

    def __post_init__(self) -> None:
        if not isinstance(self.cells, tuple) or not all(isinstance(cell, Scenario) for cell in self.cells):
            raise TypeError(f"cells = {shown(self.cells)}: must be a tuple of Scenario")
        if not 1 <= len(self.cells) <= MOST_NODES:
            raise ValueError(f"cells has {len(self.cells)} scenarios: must have 1 to {MOST_NODES}")
        if isinstance(self.backhaul_s, bool) or not isinstance(self.backhaul_s, int | float):
            raise TypeError(f"backhaul_s = {shown(self.backhaul_s)}: must be a number")
        if not (math.isfinite(self.backhaul_s) and 0.0 <= self.backhaul_s <= MOST_BACKHAUL_S):
            raise ValueError(f"backhaul_s = {self.backhaul_s}: must be in 0..{MOST_BACKHAUL_S:g}")
        first = self.cells[0]
        for at, cell in enumerate(self.cells):
            if cell.epoch != first.epoch:
                raise ScenarioError(f"scenario {cell.name}: epoch of cells[{at}] differs from that of cells[0]")
            if cell.fading_blocks != first.fading_blocks:
                raise ScenarioError(
                    f"scenario {cell.name}: workload.latency_requirement_s.high = "
                    f"{cell.workload.latency_requirement_s.high:g} of cells[{at}]: requests must wait for at most "
                    f"{first.fading_blocks} epochs as those of cells[0]"
                )
            if cell.radio.transfers == "carried_over":
                raise ScenarioError(
                    f'scenario {cell.name}: radio.transfers = "carried_over": must be "within_epoch" in a network'
                )
            if cell.radio.road is not None:
                raise ScenarioError(f"scenario {cell.name}: radio.road: must be left out in a network")
            if not cell.beliefs.are_true:
                raise ScenarioError(f"scenario {cell.name}: beliefs: nodes of a network must know what they decide by")
            if cell.workload.class_count > 1:
                raise ScenarioError(f"scenario {cell.name}: workload.classes: must be left out in a network")
