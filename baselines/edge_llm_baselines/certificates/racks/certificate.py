"""What no policy of a rack earns on average that does not know the future, by the relaxation that a scenario allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.racks.clairvoyant import Loads, penalised_clairvoyant
from edge_llm_baselines.certificates.racks.epochs import Rack
from edge_llm_baselines.certificates.racks.rates import drawn_rates, hidden_by
from edge_llm_baselines.certificates.racks.relaxed import Relaxed
from edge_llm_baselines.racks.clairvoyant import most_earned
from edge_llm_baselines.racks.economics import paid_params
from edge_llm_baselines.racks.optimum import Chances
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

DRAWS = 1000
"""Pairs of rates and loads, if nothing else is said: on `feeder-rack` the mean's standard error is 0.3 of 2137."""

MOST_WAITING = 400
"""Requests that a rack serves in an epoch where they can wait: time goes with the square."""

SPAWN_KEY = (0,)
"""Of the random numbers of a seed: workloads are drawn from those of keys of two numbers, and of none."""


ROUNDING = 1e-9
"""Relative, of what an exact value of a workload may be too small by."""

LOADS = "loads"
"""What is unknown where arrivals are Poisson at known rates."""

SCHEDULING_EPISODES = 60
"""Tuning workloads that a schedule is the median of."""


class Relaxation(NamedTuple):
    """What a bound's planner is not told."""

    unknown: str | None
    """In a few words; None where it is told everything."""
    because: str | None = None
    """Why it is told everything, else None."""


class Worth(NamedTuple):
    """What knowing the loads is worth to who knows their rates: mean over drawn episodes, and its standard error."""

    mean: float
    standard_error: float


def relaxation(scenario: Scenario) -> Relaxation:
    """What the planner of `bounds_of_racks` is not told in a scenario.

    Raises `ScenarioError` where tokens or expired requests are paid for.
    """
    params, asked = paid_params(scenario), scenario.workload
    hidden = hidden_by(asked.arrivals)
    if hidden is None:
        return Relaxation(None, f"arrivals are {shown(asked.arrivals.kind)}")
    if len(params.group_sizes) > 1:
        return Relaxation(None, "sizes of groups are chosen")
    if asked.classes is not None or asked.tasks is not None:
        return Relaxation(None, "requests are of several kinds")
    if asked.accuracy_requirement.high > params.offered_accuracy:
        return Relaxation(None, "some requests are never served")
    if (epochs := _patience_epochs(scenario)) is None:
        return Relaxation(None, "requests have not all one epoch, or all two")
    if epochs > 1 and Rack.of(params).most_served > MOST_WAITING:
        return Relaxation(None, f"more than {MOST_WAITING:,} requests are served in an epoch, and can wait")
    return Relaxation(f"{LOADS}; {hidden} told" if hidden else LOADS)


def bounds_of_racks(
    scenario: Scenario, workloads: Sequence[Workload], draws: int = DRAWS, seed: int = 0
) -> NDArray[np.float64]:
    """(E,) rewards whose mean over workloads no policy exceeds on average that does not know the future.

    Where rates are known: what the optimal policy of the relaxed problem (`Relaxed`) earns, whose mean over workloads
    drawn by the scenario is that problem's value. Where crowds or the time of day are hidden: what a clairvoyant
    earns, less what knowing the loads is worth to who is told those (`worth_of_loads`, by `draws` and `seed`).
    Elsewhere `most_earned`, which bounds every policy on each workload; of the others only the mean is a bound, as a
    policy may be lucky on a workload.

    Raises `ScenarioError` where tokens or expired requests are paid for, ValueError for less than two draws.
    """
    params = paid_params(scenario)
    if relaxation(scenario).unknown is None:
        return np.array([most_earned(scenario, workload) for workload in workloads])
    loads = [Loads.of(params, workload) for workload in workloads]
    if hidden_by(scenario.workload.arrivals):
        rack, worth = Rack.of(params), worth_of_loads(scenario, draws, seed)
        return np.array([penalised_clairvoyant(rack, one) for one in loads]) - worth.mean
    relaxed = _relaxed(scenario)
    return np.array([relaxed.earned(one) for one in loads])


def schedule_by_law(scenario: Scenario, seed: int = 0) -> NDArray[np.int64]:
    """(T,) modules to have on in each epoch by who knows the rates of arrivals: a rule that looks at nothing.

    It is the median of what the optimal policy of the relaxed problem keeps, over tuning workloads, each module being
    switched on in time. Raises ValueError where rates are not known: `relaxation` must say "loads".
    """
    if (unknown := relaxation(scenario).unknown) != LOADS:
        raise ValueError(f"scenario {scenario.name}: unknown are {shown(unknown)}, must be {shown(LOADS)} alone")
    params, relaxed = paid_params(scenario), _relaxed(scenario)
    tuning = draw_workloads(scenario, SCHEDULING_EPISODES, seed, Stream.TUNING)
    kept = np.rint(np.median([relaxed.kept(Loads.of(params, one)) for one in tuning], axis=0)).astype(np.int64)
    rises = np.maximum(0, np.diff(kept, append=0))
    ahead = np.concatenate([rises, np.zeros(relaxed.rack.start_epochs, dtype=np.int64)])
    starting = sum(ahead[later : later + len(kept)] for later in range(relaxed.rack.start_epochs))
    return np.minimum(kept + starting, params.modules)  # a fall and a rise may come within one start


def _relaxed(scenario: Scenario) -> Relaxed:
    """The relaxed problem of a scenario whose rates are known."""
    nothing_drawn = np.random.default_rng(0)
    return Relaxed.of(
        Rack.of(paid_params(scenario)), drawn_rates(scenario, nothing_drawn), _patience_epochs(scenario) == 2
    )


def clairvoyant_of_rack(scenario: Scenario, workload: Workload) -> float:
    """What nobody earns more than on a workload, whatever he knows: exact where groups have one size and nobody waits
    for more than two epochs, or else `most_earned`.

    Raises `ScenarioError` as `bounds_of_racks` does.
    """
    params = paid_params(scenario)
    first, last = Chances.of(params, workload)
    if len(params.group_sizes) > 1 or (last - first).max(initial=0) > 1:
        return most_earned(scenario, workload)
    exact = penalised_clairvoyant(Rack.of(params), Loads.of(params, workload))
    return exact + ROUNDING * abs(exact)


def worth_of_loads(scenario: Scenario, draws: int = DRAWS, seed: int = 0) -> Worth:
    """What a clairvoyant earns beyond who is told the rates, in episodes that are drawn, of a scenario with `unknown`.

    Who is told the rates is the relaxed problem's optimal policy, which earns its value on average and varies with the
    loads as the clairvoyant does. Raises ValueError for less than two draws.
    """
    if draws < 2:
        raise ValueError(f"draws = {draws}: must be at least 2")
    rack, waits, rng = Rack.of(paid_params(scenario)), _patience_epochs(scenario) == 2, _stream(seed)
    worth = np.zeros(draws)
    for draw in range(draws):
        rates = drawn_rates(scenario, rng)
        come, nobody = rng.poisson(rates), np.zeros(len(rates), dtype=np.int64)
        loads = Loads(nobody, come) if waits else Loads(come, nobody)
        worth[draw] = penalised_clairvoyant(rack, loads) - Relaxed.of(rack, rates, waits).earned(loads)
    return Worth(float(worth.mean()), float(worth.std(ddof=1) / math.sqrt(draws)))


def _stream(seed: int) -> np.random.Generator:
    """Random numbers that no workload is drawn from."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=SPAWN_KEY))


def _patience_epochs(scenario: Scenario) -> int | None:
    """In how many epochs every request can be served; None where that is not the same for all, or more than two.

    The first begins when the one ends that the request came in, and the last ends before it is due.
    """
    latency, epoch_s = scenario.workload.latency_requirement_s, scenario.epoch.epoch_s
    epochs = round(latency.low / epoch_s) - 1
    same = latency.low == latency.high and math.isclose(latency.low, (epochs + 1) * epoch_s, rel_tol=1e-12)
    return epochs if same and epochs in (1, 2) else None
