"""The figures as CSV: a line per point and policy or search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from edge_llm_agents.records.intervals import Interval
from edge_llm_env.support.tables import Table
from experiments.paper.estimates import (
    gain,
    is_cut_short,
    lead,
    node_reduction,
    per_epoch,
    static_batching,
    throughput,
)
from experiments.paper.measurements import Record
from experiments.paper.points import Point

Measured = Sequence[tuple[Point, Record]]
"""Points of one figure with their records."""

Row = dict[str, object]


def as_csv(measured: Measured) -> str:
    """A figure's numbers with 95 % intervals; the header says the units."""
    rows = [row for point, record in measured for row in _rows(point, record)]
    return Table(list(rows[0]) if rows else [], [list(map(str, row.values())) for row in rows]).csv()


def _rows(point: Point, record: Record) -> Iterable[Row]:
    if point.figure == "sensitivity":
        return [_sensitivity_row(point, record)]
    return _search_rows(point, record) if point.searches else _policy_rows(point, record)


def _policy_rows(point: Point, record: Record) -> Iterator[Row]:
    for policy in point.policies:
        yield (
            _place(point)
            | {"policy": policy, "episodes": len(record["served"][policy])}
            | _columns("throughput_per_s", throughput(record, policy))
            | _columns("dftsp_serves_more_per_s", lead(record, policy))
        )


def _search_rows(point: Point, record: Record) -> Iterator[Row]:
    for search, found in record["searches"].items():
        yield (
            _place(point)
            | {"search": search, "episodes": len(found["nodes"]), "is_lower_bound": is_cut_short(record, search)}
            | _columns("nodes_per_epoch", per_epoch(record, search, "nodes"))
            | _columns("cpu_s_per_epoch", per_epoch(record, search, "seconds"))
            | _columns("nodes_saved_by_dftsp", node_reduction(record, search))
        )


def _sensitivity_row(point: Point, record: Record) -> Row:
    static = static_batching(record)
    return (
        {
            "decoder": point.decoder,
            "switch": point.line,
            "alternative": point.x,
            "episodes": len(record["served"][static]),
        }
        | _columns("dftsp_per_s", throughput(record, "DFTSP"))
        | _columns("stb_per_s", throughput(record, static))
        | _columns("nob_per_s", throughput(record, "NoB"))
        | _columns("dftsp_over_stb", gain(record, static))
        | {"unpruned_is_lower_bound": is_cut_short(record, "unpruned")}
        | _columns("nodes_saved_of_unpruned", node_reduction(record, "unpruned"))
        | _columns("nodes_saved_below_bound", node_reduction(record, "unpruned_below_bound"))
    )


def _place(point: Point) -> Row:
    return {"decoder": point.decoder, "reading": point.reading, "line": point.line, "x": point.x}


def _columns(name: str, interval: Interval) -> Row:
    ends = (("", interval.mean), ("_low", interval.low), ("_high", interval.high))
    return {f"{name}{suffix}": f"{value:.6g}" for suffix, value in ends}
