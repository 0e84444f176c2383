"""The sections of the page on the paper's evaluation, one per figure."""

from __future__ import annotations

from collections.abc import Callable

from edge_llm_agents.records.intervals import Interval
from edge_llm_env.support.tables import Table
from experiments.paper.estimates import gain, is_cut_short, node_reduction, per_epoch, static_batching, throughput
from experiments.paper.findings import by_decoder, effects, percent
from experiments.paper.measurements import Effort, Record
from experiments.paper.points import POLICIES, Figure
from experiments.paper.switches import BASE, is_assumed, value_in_preset
from experiments.paper.tables import Measured


def _arrival_rate(found: Measured, effort: Effort) -> str:
    ends = [(point, record) for point, record in found if point.x in (10.0, 50.0, 250.0)]
    rows = []
    for point, record in ends:
        served = [throughput(record, policy).text(".2f") for policy in POLICIES]
        rows.append([point.decoder, f"{point.x:g}", *served, gain(record, "StB").text(".2f")])
    text = (
        "Throughput in requests/s. DFTSP's grows with the load, as it can choose among more requests; StB's does "
        "not, since whoever came first has the least slack left, and a batch must end within the least slack in it. "
        "With the paper's cost model, FLOPs at the device's peak, a batch takes as long as its requests one after "
        "another: what batching gains here is more than one request per epoch, and nothing per request.\n"
    )
    table = Table(("decoder", "requests/s", *POLICIES, "DFTSP over StB"), rows)
    return _section("Arrival rate", "arrival_rate", text, table)


def _latency_requirement(found: Measured, effort: Effort) -> str:
    text = (
        "Above, the preset's requirements, uniform from 0.5 s, end at x; below, every request has the requirement x. "
        "Waiting for the epoch to begin counts, so a requirement below about 2 s is out of reach for those who arrive "
        "early in an epoch; from 2 s a request can wait for a second one.\n"
    )
    return _section("Latency requirement", "latency_requirement", text)


def _quantization(found: Measured, effort: Effort) -> str:
    best = {
        decoder: max((throughput(record, "DFTSP").mean, point.x) for point, record in here)
        for decoder, here in by_decoder(found).items()
    }
    named = ", ".join(
        f"{precision} for {decoder} ({mean:.2f} requests/s)" for decoder, (mean, precision) in best.items()
    )
    text = (
        "Accuracy requirements are uniform from 0 to 1, as in the preset. Precisions by their names in the catalogue: "
        "weights of 16 bits, of 8, and of 4 by GPTQ and by rounding to nearest. "
        f"DFTSP serves most with {named}.\n"
    )
    return _section("Quantization technique", "quantization", text)


def _accuracy_requirement(found: Measured, effort: Effort) -> str:
    text = (
        "DFTSP alone. Where every request has the same requirement, a precision serves as if there were none up to its "
        "own accuracy f(ΔPPL), and nobody beyond it: which precision serves most is then a matter of f and ΔPPL only.\n"
    )
    return _section("Accuracy requirement", "accuracy_requirement", text)


def _complexity(found: Measured, effort: Effort) -> str:
    heads = ["decoder", "requests/s", "pending", "DFTSP", "from its bound", "whole tree"]
    heads += ["nodes saved of the whole tree"]
    rows = []
    for point, record in found:
        pending = [count for workload in record["candidates"] for count in workload]
        bound = "≥ " if is_cut_short(record, "unpruned") else ""
        rows.append(
            [
                point.decoder,
                f"{point.x:g}",
                f"{sum(pending) / len(pending):.1f}",
                *(f"{per_epoch(record, name, 'nodes').mean:.1f}" for name in ("dftsp", "unpruned_below_bound")),
                f"{bound}{per_epoch(record, 'unpruned', 'nodes').mean:,.0f}",
                f"{bound}{percent(node_reduction(record, 'unpruned').mean)}",
            ]
        )
    text = (
        f"Nodes per epoch, mean of {effort.search_episodes} workloads of {effort.search_epochs} epochs; a search stops "
        f"at {effort.node_limit:,} nodes per epoch, so what says ≥ is a lower bound. The unpruned tree is DFTSP's, "
        "constraints checked at its leaves only, asked for every size from all pending requests downward, or (dashed) "
        "from DFTSP's own bound downward. All subsets are 2^n. CPU times are of one thread of the machine that "
        "measured them; `BranchAndBound` is this suite's own exact solver.\n"
    )
    return _section("Complexity", "complexity", text, Table(heads, rows))


def _sensitivity(found: Measured, effort: Effort) -> str:
    decoders = list(by_decoder(found))
    cases: dict[tuple[str, str], dict[str, Record]] = {}
    for point, record in found:
        cases.setdefault((point.line, str(point.x)), {})[point.decoder] = record
    preset = found[0][0].preset
    heads = ["value", f"in `{preset}`", "becomes", "assumed", *decoders, *(f"nodes {decoder}" for decoder in decoders)]
    rows = []
    for (field, alternative), records in cases.items():
        name = f"`{field}`" if "." in field else field
        assumed = "yes" if is_assumed(preset, field) else ""
        said = ["", "", ""] if alternative == BASE else [name, value_in_preset(preset, field), assumed]
        gains = [gain(record, static_batching(record)).text(".2f") for record in records.values()]
        saved = [percent(max(0.0, node_reduction(one, "unpruned_below_bound").mean)) for one in records.values()]
        rows.append([*said[:2], alternative, said[2], *gains, *saved])
    used = [
        f"{decoder} {', '.join(f'{100.0 * share:.1f} % of {name}' for name, share in records['utilisation'].items())}"
        for decoder, records in cases["", BASE].items()
    ]
    text = (
        "Each value changed by itself, all others as in the preset unless it says otherwise. The columns of decoders "
        "are the requests that DFTSP serves for each one that StB serves; those of nodes, what DFTSP saves of the "
        "nodes of the unpruned tree begun at the same bound. Where nothing can be served there is no ratio: with the "
        "roofline model, which counts the reading of weights too, the larger decoders are too slow for these "
        "deadlines on these modules. A β is brought about by a number of modules that gives its compute times, with "
        f"the same memory in all. In the preset DFTSP's batches use, on average, with {'; with '.join(used)}: the "
        "bands and the memory are hardly used, so what is assumed of them decides only where it changes by orders of "
        "magnitude.\n\n"
        f"{_effects('the gain over StB', found, lambda record: gain(record, static_batching(record)))}\n"
        f"{_effects('the throughput of DFTSP', found, lambda record: throughput(record, 'DFTSP'))}"
    )
    return _section("Sensitivity to what is assumed", "sensitivity", text, Table(heads, rows))


def _effects(name: str, found: Measured, estimate: Callable[[Record], Interval]) -> str:
    lines = [f"- {group}: {', '.join(changes) or 'nothing'}" for group, changes in effects(found, estimate).items()]
    head = f"What moves {name}, of what is assumed, so that the intervals before and after do not overlap:\n"
    return "\n".join([head, *lines, ""])


SECTIONS: dict[Figure, Callable[[Measured, Effort], str]] = {
    "arrival_rate": _arrival_rate,
    "latency_requirement": _latency_requirement,
    "quantization": _quantization,
    "accuracy_requirement": _accuracy_requirement,
    "complexity": _complexity,
    "sensitivity": _sensitivity,
}
"""A figure's points with their records, and the effort, to its section."""


def _section(title: str, figure: Figure, text: str, table: Table | None = None) -> str:
    shown = "" if table is None else f"\n{table.markdown()}\n"
    return f"## {title}\n\n{text}{shown}\n![{title}](../results/recorded/paper/{figure}.png)\n"
