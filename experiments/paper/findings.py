"""What the paper's claims come to when measured, in sentences made of the records."""

from __future__ import annotations

from collections.abc import Callable

from edge_llm_agents.records.intervals import Interval
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
from experiments.paper.points import ARRIVAL_RATES_PER_S, RATE, SLOTS, Point
from experiments.paper.switches import BASE, is_assumed, switches
from experiments.paper.tables import Measured
from experiments.speed.exact.solvers import PAPER_CLAIM


def ordering(measured: Measured) -> str:
    """At how many points DFTSP serves more than StB and NoB, workload by workload, and where that does not show."""
    leads = {policy: [(point, lead(record, policy)) for point, record in measured] for policy in ("StB", "NoB")}
    more = {policy: sum(one.low > 0.0 for _, one in found) for policy, found in leads.items()}
    fewer = sum(one.high < 0.0 for found in leads.values() for _, one in found)
    exceptions: dict[str, list[str]] = {}
    for policy, found in leads.items():
        for point, one in found:
            if not one.low > 0.0:
                exceptions.setdefault(place(point), []).append(f"{point.decoder} and {policy}")
    text = (
        f"Of {len(measured)} points DFTSP serves more than StB at {more['StB']} and more than NoB at {more['NoB']}, "
        f"and fewer at {fewer or 'none'}"
    )
    if not exceptions:
        return text
    return f"{text}; no difference shows at " + "; ".join(f"{at} ({', '.join(of)})" for at, of in exceptions.items())


def gains_along(measured: Measured) -> str:
    """Requests served by DFTSP for each one of StB at both ends of a figure's axis, for each decoder."""
    return "; ".join(
        f"{decoder} "
        + " and ".join(f"{gain(record, 'StB').mean:.1f} at {point.x:g}" for point, record in (here[0], here[-1]))
        for decoder, here in by_decoder(measured).items()
    )


def gain_range(sensitivity: Measured) -> str:
    """Least and most of DFTSP's throughput over StB's under what is assumed apart from the load, for each decoder."""
    parts = []
    for decoder, here in by_decoder(assumed(sensitivity)).items():
        found = {
            change(point): gain(record, static_batching(record)).mean
            for point, record in here
            if RATE not in point.overrides
        }
        least, most = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
        parts.append(
            f"{decoder} {found[BASE]:.2f} as in the preset, from {found[least]:.2f} ({least}) to "
            f"{found[most]:.2f} ({most})"
        )
    return "; ".join(parts)


def effects(sensitivity: Measured, estimate: Callable[[Record], Interval]) -> dict[str, list[str]]:
    """Changes of what is assumed by whether they move an estimate, for how many decoders.

    It has moved if its interval and that of the case before this one change do not overlap.
    """
    moved: dict[str, list[bool]] = {}
    for here in by_decoder(assumed(sensitivity)).values():
        found = {(point.line, str(point.x)): estimate(record) for point, record in here}
        before = {(one.field, one.alternative): one.against for one in switches(here[0][0].preset)}
        for point, _ in here:
            case = (point.line, str(point.x))
            if case != before[case]:
                after, reference = found[case], found[before[case]]
                moved.setdefault(change(point), []).append(after.low > reference.high or after.high < reference.low)
    return {
        "for every decoder": [name for name, one in moved.items() if all(one)],
        "for some decoder": [name for name, one in moved.items() if any(one) and not all(one)],
        "for none": [name for name, one in moved.items() if not any(one)],
    }


def order_under_all(sensitivity: Measured) -> str:
    """In how many assumed cases DFTSP serves more than StB, and StB at least as much as NoB."""
    cases = [(record, static_batching(record)) for _, record in assumed(sensitivity)]
    ahead = sum(lead(record, static).low > 0.0 for record, static in cases)
    kept = sum(throughput(record, static).mean >= throughput(record, "NoB").mean for record, static in cases)
    return f"DFTSP serves more than StB in {ahead} of {len(cases)} cases and StB at least as much as NoB in {kept}"


def nodes_saved(complexity: Measured, other: str) -> str:
    """The least and the most that DFTSP saves of another search's nodes over the loads, for each decoder."""
    return _ends_of(complexity, other, lambda record: node_reduction(record, other).mean)


def time_saved(complexity: Measured, other: str) -> str:
    """The same of the mean CPU time."""

    def saved(record: Record) -> float:
        ours, theirs = (per_epoch(record, name, "seconds").mean for name in ("dftsp", other))
        return 1.0 - ours / theirs

    return _ends_of(complexity, other, saved)


def _ends_of(complexity: Measured, other: str, saved: Callable[[Record], float]) -> str:
    parts = []
    for decoder, here in by_decoder(complexity).items():
        found = sorted(((saved(record), point, record) for point, record in here), key=lambda one: one[0])
        if found[-1][0] <= 0.0:
            parts.append(f"{decoder} none at any load")
            continue
        ends = (
            f"{'at least ' if is_cut_short(record, other) else ''}{percent(share)} at {point.x:g} requests/s"
            for share, point, record in (found[0], found[-1])
        )
        parts.append(f"{decoder} from {' to '.join(ends)}")
    return "; ".join(parts)


def where_pruning_helps(sensitivity: Measured) -> str:
    """Cases in which DFTSP visits fewer nodes than the unpruned tree from the same bound, the most saved first."""
    found = []
    for point, record in sensitivity:
        saved = node_reduction(record, "unpruned_below_bound")
        if saved.low > 0.0:
            interval = f"{percent(saved.mean)} [{100.0 * saved.low:.0f}, {100.0 * saved.high:.0f}]"
            least = "at least " if is_cut_short(record, "unpruned_below_bound") else ""
            found.append((saved.mean, f"{point.decoder}, {change(point)} ({least}{interval})"))
    return "; ".join(text for _, text in sorted(found, reverse=True)) or "none of them"


def claim_survives(sensitivity: Measured) -> str:
    """In how many cases DFTSP saves more of the whole unpruned tree than the paper claims, and where not."""
    reductions = [(point, node_reduction(record, "unpruned").low) for point, record in sensitivity]
    failing = [f"{point.decoder}, {change(point)}" for point, least in reductions if not least > PAPER_CLAIM]
    text = f"{len(reductions) - len(failing)} of {len(reductions)} cases of the sensitivity"
    return f"{text} (not in {'; '.join(failing)})" if failing else text


def slots_matter(sensitivity: Measured) -> str:
    """What too few visible slots cost DFTSP at the highest load, for each decoder."""
    parts = []
    for decoder, here in by_decoder(sensitivity).items():
        few, all_visible = (
            next(throughput(record, "DFTSP").mean for point, record in here if wanted(point))
            for wanted in (
                lambda point: SLOTS in point.overrides and RATE in point.overrides,
                lambda point: point.line == "workload.arrivals" and point.overrides[RATE] == ARRIVAL_RATES_PER_S[-1],
            )
        )
        parts.append(f"{few:.2f} instead of {all_visible:.2f} requests/s with {decoder}")
    return ", ".join(parts)


def assumed(sensitivity: Measured) -> Measured:
    """The preset and the cases that change what is assumed."""
    return [(point, record) for point, record in sensitivity if is_assumed(point.preset, point.line)]


def by_decoder(measured: Measured) -> dict[str, Measured]:
    """Points with their records, by the name of the decoder."""
    decoders = dict.fromkeys(point.decoder for point, _ in measured)
    return {name: [(point, record) for point, record in measured if point.decoder == name] for name in decoders}


def change(point: Point) -> str:
    """A case of the sensitivity in words."""
    field = f"`{point.line}`" if "." in point.line else point.line
    return f"{field} → {point.x}" if field else str(point.x)


def place(point: Point) -> str:
    """A place in a figure in words, whatever the decoder."""
    x = point.x if isinstance(point.x, str) else f"{point.x:g}"
    return f"{point.figure.replace('_', ' ')} {f'{point.reading}, x = ' if point.reading else ''}{x}"


def percent(share: float) -> str:
    """A share in percent, with one digit after the point or as many more as tell it from 100 %."""
    digits = next((digits for digits in range(1, 6) if round(100.0 * share, digits) < 100.0), 1)
    return f"{100.0 * share:.{digits}f} %"
