"""The points of the paper's figures: which scenario is measured for each, and what is measured of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import ceil, sqrt
from typing import Any, Literal, NamedTuple, get_args

from edge_llm_baselines.rules.heuristics import FirstComeFirstServed, NoBatching, ShortestJobFirst, StaticBatching
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.solvers.problem import Solver
from edge_llm_env.arrivals.poisson import PoissonArrivals
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from experiments.paper.switches import switches
from experiments.speed.exact.solvers import PAPER_SCENARIOS

Figure = Literal[
    "arrival_rate", "latency_requirement", "quantization", "accuracy_requirement", "complexity", "sensitivity"
]
FIGURES: tuple[Figure, ...] = get_args(Figure)

POLICIES = ("DFTSP", "StB", "NoB")
SOLVERS: dict[str, Callable[[Scenario], Solver]] = {
    "DFTSP": lambda scenario: DFTSP(),
    "StB": StaticBatching.for_scenario,
    "StB of any size": lambda scenario: FirstComeFirstServed(),
    "StB of any size, shortest job first": lambda scenario: ShortestJobFirst(),
    "NoB": lambda scenario: NoBatching(),
}
"""By the name that figures and files have: those of `POLICIES`, and other readings of StB for the sensitivity."""

ARRIVAL_RATES_PER_S = (10.0, 25.0, 50.0, 75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 225.0, 250.0)
LATENCIES_S = (0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
ACCURACIES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
PRECISIONS = ("w16a16", "w8a16", "w4a16-gptq", "w4a16-rtn")
COMPLEXITY_RATES_PER_S = (5.0, 10.0, 25.0, 50.0, 100.0, 150.0, 200.0, 250.0)

RATE = "workload.arrivals.rate_per_s"
LATENCY = "workload.latency_requirement_s"
ACCURACY = "workload.accuracy_requirement"
SLOTS = "epoch.visible_slots"


class Point(NamedTuple):
    """What is measured for one place in a figure."""

    figure: Figure
    preset: str
    reading: str
    """Which reading of the paper's axis, where it has several; otherwise empty."""
    line: str
    """What the point's line shows beside the policy: a precision, a switch; or empty."""
    x: float | str
    """Where on the axis: a number in the axis' unit, or a category."""
    overrides: dict[str, Any]
    """Of the preset, by dotted field."""
    policies: tuple[str, ...] = POLICIES
    """Whose throughput is measured, by their names in `SOLVERS`."""
    searches: bool = False
    """Whether the nodes of exact searches are counted."""

    @property
    def decoder(self) -> str:
        """The decoder's name as figures show it."""
        return decoder_of(self.preset).upper()

    @property
    def key(self) -> str:
        """Its name among all points."""
        return " | ".join((self.figure, self.preset, self.reading, self.line, str(self.x)))

    def scenario(self, epochs: int | None = None) -> Scenario:
        """What it is measured on, with so many epochs unless the point itself says how many.

        Every request that can be pending is visible, unless the point itself says how many are.
        """
        episode = {} if epochs is None else {"epoch.episode_epochs": epochs}
        scenario = load_scenario(self.preset, **episode | self.overrides)
        if SLOTS in self.overrides:
            return scenario
        return load_scenario(self.preset, **{SLOTS: enough_slots(scenario)} | episode | self.overrides)


@cache
def decoder_of(preset: str) -> str:
    """The decoder's name in the catalogue."""
    return str(preset_content(preset)["node"]["decoder"])


def enough_slots(scenario: Scenario) -> int:
    """Visible slots for all that can be pending: those who arrived within the longest latency requirement.

    Their number is Poisson; six standard deviations above the mean, and some.
    """
    arrivals = scenario.workload.arrivals
    if not isinstance(arrivals, PoissonArrivals):
        raise ValueError(f"workload.arrivals.kind = {arrivals.kind!r}: must be 'poisson', as in the paper")
    mean = arrivals.rate_per_s * scenario.workload.latency_requirement_s.high
    return ceil(mean + 6.0 * sqrt(mean) + 8.0)


def all_points(presets: Sequence[str] = PAPER_SCENARIOS, figures: Sequence[str] = FIGURES) -> list[Point]:
    """The points of those figures, of those presets. Raises ValueError for a name that is none of them."""
    for field, names, known in (("presets", presets, PAPER_SCENARIOS), ("figures", figures, FIGURES)):
        for name in names:
            if name not in known:
                raise ValueError(f"{field}: {name!r} must be one of {', '.join(known)}")
    return [point for figure in FIGURES if figure in figures for preset in presets for point in _POINTS[figure](preset)]


def _arrival_rate(preset: str) -> Iterator[Point]:
    for rate_per_s in ARRIVAL_RATES_PER_S:
        yield Point("arrival_rate", preset, "", "", rate_per_s, {RATE: rate_per_s})


def _latency_requirement(preset: str) -> Iterator[Point]:
    shortest_s = load_scenario(preset).workload.latency_requirement_s.low
    for reading, low_s in ((f"uniform from {shortest_s:g} s to x", shortest_s), ("x for every request", None)):
        for high_s in LATENCIES_S:
            bounds = {"low": high_s if low_s is None else low_s, "high": high_s}
            yield Point("latency_requirement", preset, reading, "", high_s, {LATENCY: bounds})


def _quantization(preset: str) -> Iterator[Point]:
    for precision in PRECISIONS:
        yield Point("quantization", preset, "", "", precision, {"node.precision": precision})


def _accuracy_requirement(preset: str) -> Iterator[Point]:
    for reading, low in (("uniform from 0 to x", 0.0), ("x for every request", None)):
        for precision in PRECISIONS:
            for high in ACCURACIES:
                overrides = {
                    "node.precision": precision,
                    ACCURACY: {"low": high if low is None else low, "high": high},
                }
                yield Point("accuracy_requirement", preset, reading, precision, high, overrides, ("DFTSP",))


def _complexity(preset: str) -> Iterator[Point]:
    for rate_per_s in COMPLEXITY_RATES_PER_S:
        yield Point("complexity", preset, "", "", rate_per_s, {RATE: rate_per_s}, policies=(), searches=True)


def _sensitivity(preset: str) -> Iterator[Point]:
    for switch in switches(preset):
        yield Point(
            "sensitivity",
            preset,
            "",
            switch.field,
            switch.alternative,
            switch.overrides,
            ("DFTSP", switch.static_batching, "NoB"),
            searches=True,
        )


_POINTS: dict[Figure, Callable[[str], Iterator[Point]]] = {
    "arrival_rate": _arrival_rate,
    "latency_requirement": _latency_requirement,
    "quantization": _quantization,
    "accuracy_requirement": _accuracy_requirement,
    "complexity": _complexity,
    "sensitivity": _sensitivity,
}
