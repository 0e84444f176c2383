"""Tables of recorded speeds: steps per second, what a step consists of, and training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_env.envs.suite import BANDWIDTH, BATCHING, COMPUTE, CONTINUOUS_BATCHING
from edge_llm_env.support.tables import NO_VALUE, Table

THREADS = 2
"""That share the rows of a vector environment on the machine of the record."""


def speeds_table(report: Mapping[str, Any]) -> Table:
    """The speeds of a record, those of `carry-over` but for the line of an engine."""
    decoding, carried = report["oracle_decoding"], report["carried_over"]
    shares, engine = report["bandwidth_by_batch_selection"], report["iterations"]
    rows = [
        (f"`{env_id}`, {kind}", *_beside_cartpole(speeds[which], "steps"))
        for env_id, speeds in report["steps_per_s"].items()
        for which, kind in (("vector", f"native vector, {report['rows']} rows"), ("single", "single, `gym.make`"))
    ]
    rows += [
        (
            f"`{env_id}`, native vector, {report['allocations']['rows']} rows",
            *_beside_cartpole(found["vector"], "steps"),
        )
        for env_id, found in _of_allocations(report)
    ]
    rows += [
        (
            "`import edge_llm_env`, beyond `import gymnasium`",
            f"{report['import_seconds']['edge_llm_env_beyond_gymnasium']:.3f} s",
            NO_VALUE,
            NO_VALUE,
        ),
        (
            f"oracle decoding, {decoding['visible']:.0f} pending, {decoding['rows']} rows",
            f"{decoding['steps_per_s']['median']:,} epochs/s",
            NO_VALUE,
            NO_VALUE,
        ),
        *(
            (
                f"`{CONTINUOUS_BATCHING}`, {kind}, `{engine['scenario']}` under {SCHEDULERS[engine['scheduler']][0]}",
                *_beside_cartpole(engine[which], "decisions"),
            )
            for which, kind in (("vector", f"{report['rows']} rows"), ("single", "single"))
        ),
        ("tokens simulated so", f"{engine['simulated_tokens_per_s']['median']:,} tokens/s", NO_VALUE, NO_VALUE),
        *(
            (
                f'`EdgeLLM/Bandwidth-v0`, `action="shares"`, {shares["rows"]} rows, batch {selection}',
                f"{speeds['median']:,} epochs/s",
                NO_VALUE,
                NO_VALUE,
            )
            for selection, speeds in shares["steps_per_s"].items()
        ),
        (
            f"`{BANDWIDTH}`, `{carried['scenario']}`, {report['allocations']['rows']} rows: {carried['ratio']:.2f} of "
            "what it does within an epoch, by turns",
            f"{carried['median']:,} steps/s",
            NO_VALUE,
            NO_VALUE,
        ),
        *(
            (
                f"oracle decoding, one row, values proportional to `{cost}`",
                f"{taken['median']:.2f} ms, at most {taken['most']:.2f}",
                NO_VALUE,
                NO_VALUE,
            )
            for cost, taken in decoding["proportional_ms"].items()
        ),
        *(
            (f"memory of {report['rows']} rows of `{preset}`", f"{more / 1e6:.0f} MB", NO_VALUE, NO_VALUE)
            for preset, more in report["memory_bytes"]["more"].items()
        ),
    ]
    return Table(("measured", "", "CartPole, by turns", "ratio"), rows)


def _beside_cartpole(speed: Mapping[str, Any], what: str) -> tuple[str, str, str]:
    """A speed, that of Gymnasium's CartPole in the same form beside it, and the ratio."""
    cartpole, ratio = speed["cartpole"]["median"], speed["ratio_to_cartpole"]["median"]
    return f"{speed['median']:,} {what}/s", f"{cartpole:,} steps/s", f"{ratio:.3f}"


def first_use_table(report: Mapping[str, Any]) -> Table:
    """How long the first steps of each environment take, by the clock, without and with cached kernels."""
    rows = [
        (f"`{env_id}`", *(f"{taken[which]['clock']:.1f}" for which in ("compiling", "cached")))
        for env_id, taken in report["seconds"].items()
    ]
    if "all_seconds" in report:
        rows.append(("all of them, in two processes side by side", f"{report['all_seconds']:.0f}", NO_VALUE))
    return Table(("first steps of", "compiling, s", "kernels cached, s"), rows)


def phases_table(report: Mapping[str, Any]) -> Table:
    """Processor time of each phase of a vector step, on one thread, so that phases add up; what two threads would do at
    most if they shared it evenly, and what they do.
    """
    allocations, vectors = report["allocations"], report["steps_per_s"]
    rows, few = report["rows"], allocations["rows"]
    found = [(f"`{BATCHING}`", rows, report["step_profile"], vectors[BATCHING]["vector"]["median"])]
    found += [
        (f"`{env_id}`", few, one["step_profile"], one["vector"]["median"]) for env_id, one in _of_allocations(report)
    ]
    found.append((f"`{COMPUTE}` without the search", few, allocations["compute_without_search"], None))
    phases = list(report["step_profile"]["microseconds"])
    lines = []
    for name, stepped, profile, speed in found:
        microseconds = profile["microseconds"]
        in_all = sum(microseconds.values())
        lines.append(
            (
                f"{name}, {stepped} rows",
                *(f"{microseconds[phase]:.0f}" for phase in phases),
                f"{in_all:.0f}",
                f"{100.0 * profile['compiled_fraction']:.0f}",
                f"{THREADS * stepped / in_all:.2f}",
                NO_VALUE if speed is None else f"{speed / 1e6:.2f}",
            )
        )
    headings = ("a vector step, µs", *phases, "in all", "compiled, %", "two threads at most, M steps/s", "measured")
    return Table(headings, lines)


def _of_allocations(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The environments of allocations in a record, and what was measured of each."""
    for name, found in report["allocations"].items():
        if isinstance(found, Mapping) and "vector" in found:
            yield name, found


def training_table(record: Mapping[str, Any]) -> Table:
    """What the training of `make compare` takes and reaches."""
    rows = []
    for run in record["runs"]:
        percent = run["percent_of_dftsp"]
        rows.append(
            (
                str(run["seed"]),
                f"{percent['mean']:.2f} [{percent['low']:.2f}, {percent['high']:.2f}]",
                f"{run['cpu_seconds']:.0f} s",
                f"{run['validations'][0]['cpu_seconds']:.0f} s",
            )
        )
    return Table(("seed", "% of DFTSP [95 % CI]", "processor time", "of which cloning"), rows)
