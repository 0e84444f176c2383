"""What is to be seen of a network after an epoch."""

from __future__ import annotations

from typing import NamedTuple


class Module(NamedTuple):
    """A module of a node where models are placed."""

    model: int
    """Number of the variant that it holds or loads; -1 if it is idle."""
    left_s: float
    """Time until it has loaded it; 0 if it has."""
    load_s: float
    """What loading takes in all."""


class Site(NamedTuple):
    """A cell with its node, or the cloud."""

    name: str
    is_cloud: bool
    waiting: tuple[int, ...]
    """Of its cell's requests, those that wait, by class."""
    arrived: int
    """Of its cell's requests, those that came in the last epoch."""
    served: int
    """By its node, in the epoch that ended."""
    utilisation: float
    """Of its computing, in the epoch that ended, 0..1."""
    modules: tuple[Module, ...]


class Flow(NamedTuple):
    """Requests of a cell that a server served in the epoch that ended."""

    cell: int
    server: int
    requests: int


class NetworkFrame(NamedTuple):
    """A network after an epoch."""

    environment: str
    scenario: str
    epoch: int
    epochs: int
    counters: tuple[tuple[str, int], ...]
    sites: tuple[Site, ...]
    """Cells in their order, then the cloud if there is one."""
    stations_m: tuple[tuple[float, float], ...]
    """Where the stations of the cells stand (m, east and north); none where the scenario does not say."""
    flows: tuple[Flow, ...]
    served: tuple[int, ...]
    """In each epoch so far."""
    arrived: tuple[int, ...]
    """Likewise, those that arrived until the epoch began."""
    models: tuple[str, ...]
    """Names of what modules can hold; none where nothing is placed."""
    classes: tuple[str, ...]
