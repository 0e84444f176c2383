"""One scenario's certified interval, both ends on the same workloads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.records.intervals import mean_interval
from edge_llm_baselines.certificates.certificate import BLOCKS, certified_bounds
from edge_llm_baselines.certificates.clairvoyant.windows import WindowEffort
from edge_llm_baselines.certificates.fitting import fit_penalty
from edge_llm_baselines.certificates.penalties.arrivals import ArrivalSignals
from edge_llm_baselines.certificates.penalties.channels import ChannelSignals
from edge_llm_baselines.certificates.penalties.independence import Dependence, channel_dependence, dependence
from edge_llm_baselines.certificates.penalties.penalty import Source
from edge_llm_baselines.certificates.played import played_schedules, played_uploads
from edge_llm_baselines.certificates.racks.certificate import bounds_of_racks, relaxation
from edge_llm_baselines.certificates.unpenalised import BATCHES, clairvoyant_bounds
from edge_llm_baselines.hindsight.block_bound import Effort as BlockEffort
from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, MULTI_NODE, SCALING, SERVICE_LEVEL
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import draw_workloads
from edge_llm_env.workload.workload import Workload
from experiments.certificates.contenders import LOOK_AHEAD, Contender, contenders
from experiments.certificates.ends import Bounded, Played

SOLVED_PERCENT = 0.5
"""Width of a certified interval, in percent of its bound, below which a scenario is a unit test of algorithms."""

ARRIVALS, CHANNELS = "arrivals", "channels"

SERVED, REWARD = "served", "reward"
"""What counts: requests served, or tasks completed; or the reward of an episode."""

BY_CHANCE = "it lowers the bound by no more than chance"

UNPENALISED = {
    COMPUTE: "modules are divided",
    MULTI_NODE: "there are several nodes",
    SERVICE_LEVEL: "modules are divided",
}
"""Environments in which no penalty is fitted, and why."""

DEPENDENCES: dict[str, Callable[[Scenario], Dependence | None]] = {ARRIVALS: dependence, CHANNELS: channel_dependence}
"""By what a record calls a source of a penalty, why it is none in a scenario."""


@dataclass(frozen=True)
class Effort:
    """How much is drawn and searched for one scenario."""

    episodes: int
    """Evaluation workloads that both ends are of."""
    expectation_episodes: int
    """Workloads that the expectation of arrivals is taken of."""
    fit_episodes: int
    """Tuning workloads that the penalty is fitted on."""
    fit_steps: int
    """Steps of the fit; 0 for no penalty."""
    iterations: int
    """Of the descent to one workload's bound."""
    block_nodes: int
    """Visited by the searches of one workload's blocks, where batches are bounded."""
    window_epochs: tuple[int, ...]
    """Lengths of the windows that are solved as programmes there; none without any."""
    window_nodes: int
    """Of HiGHS's search of each window."""
    penalties: tuple[str, ...]
    """Sources of the penalty, of DEPENDENCES: those that a scenario has are taken."""
    samples: tuple[int, ...]
    """Futures of each of the policies that sample them."""
    seed: int

    @property
    def blocks(self) -> BlockEffort:
        """What is searched of one workload's blocks."""
        return BLOCKS._replace(nodes=self.block_nodes)

    @property
    def windows(self) -> WindowEffort:
        """What is searched of one workload's windows."""
        return WindowEffort(self.window_epochs, self.window_nodes)


def certify(scenario: Scenario, effort: Effort, environments: tuple[str, ...]) -> dict[str, Any]:
    """What a record has of a scenario, in environments of one bound (`bounded_environments`): docs/certificates.md."""
    counts = REWARD if baselines_of(environments[0]).earning else SERVED
    workloads = draw_workloads(scenario, effort.episodes, effort.seed)
    field = contenders(scenario, environments, effort.samples, effort.seed)
    played: dict[str, Played] = {}
    for name, contender in field.items():
        played[name] = _play(contender, scenario, workloads, environments)
        _say(name, played[name].gained)
    best = max(played, key=lambda name: float(played[name].gained.mean()))
    most = np.max([one.gained for one in played.values()], axis=0)
    without = clairvoyant_bounds(
        scenario, workloads, most, effort.iterations, effort.blocks, effort.windows, environments[0]
    )
    _say("without a penalty", without)
    bounded = Bounded(without, because=_why_not(scenario, effort, environments))
    if bounded.because is None and environments == (SCALING,):
        bounded = _of_rack(scenario, workloads, without, effort)
    elif bounded.because is None:
        against = field[LOOK_AHEAD if environments == BATCHES else best]
        bounded = _penalised(scenario, workloads, against, bounded, played[best], effort)
    oracle = next(iter(played))
    percent = 100.0 / max(1.0, float(played[oracle].gained.mean()))
    policies = {name: _of_policy(one, bounded, percent, counts) for name, one in played.items()}
    bound = mean_interval(bounded.limits)
    found = {
        "scenario": scenario.name,
        "fingerprint": scenario.fingerprint(),
        "environments": list(environments),
        "oracle": oracle,
        "counts": counts,
        f"oracle_{counts}": played[oracle].gained.mean(),
        "best_policy": best,
        "width_percent": policies[best]["width_percent"],
        "solved": bool(policies[best]["width_percent"]["high"] < SOLVED_PERCENT),
        "bound": bound._asdict(),
        "bound_percent_of_oracle": percent * bound.mean,
        "bound_without_penalty_percent_of_oracle": percent * bounded.without.mean(),
        "penalty": bounded.paid_for if bounded.because is None else None,
        "without_penalty_because": bounded.because,
        "policies": policies,
    }
    if bounded.with_penalty is not None:
        found["bound_with_penalty_percent_of_oracle"] = percent * bounded.with_penalty.mean()
        found["weights"] = list(bounded.weights)
    return found


def _penalised(
    scenario: Scenario,
    workloads: Sequence[Workload],
    against: Contender,
    bounded: Bounded,
    best: Played,
    effort: Effort,
) -> Bounded:
    """With a penalty too, which is taken where it lowers the bound, on average by more than chance."""
    penalty = fit_penalty(
        scenario,
        _sources(scenario, effort),
        against.make_policy,
        episodes=effort.fit_episodes,
        steps=effort.fit_steps,
        seed=effort.seed,
    )
    certified = certified_bounds(scenario, workloads, penalty, effort.iterations, effort.blocks, effort.windows)
    with_penalty = certified.bounds + best.gained - best.kept(certified)
    _say("with a penalty", with_penalty)
    paid_for = ", ".join(_penalties(scenario, effort))
    weights = tuple(penalty.weights.tolist())
    because = _unless_lower(with_penalty, bounded.without)
    return Bounded(bounded.without, certified, with_penalty, weights, paid_for, because)


def _of_rack(
    scenario: Scenario, workloads: Sequence[Workload], without: NDArray[np.float64], effort: Effort
) -> Bounded:
    """With what its planner is not told, if that lowers the bound by more than chance."""
    relaxed = bounds_of_racks(scenario, workloads, seed=effort.seed)
    _say("not told the loads", relaxed)
    paid_for = relaxation(scenario).unknown
    return Bounded(without, with_penalty=relaxed, paid_for=paid_for, because=_unless_lower(relaxed, without))


def _unless_lower(with_penalty: NDArray[np.float64], without: NDArray[np.float64]) -> str | None:
    """Why a penalty is not taken; None where it lowers the bound by more than chance."""
    return None if mean_interval(with_penalty - without).high < 0.0 else BY_CHANCE


def _why_not(scenario: Scenario, effort: Effort, environments: tuple[str, ...]) -> str | None:
    """Why no penalty is tried, None where one is."""
    if environments == (SCALING,):
        return relaxation(scenario).because
    if (reason := UNPENALISED.get(environments[0])) is not None:
        return reason
    reasons = [found.reason for name in effort.penalties if (found := DEPENDENCES[name](scenario)) is not None]
    if reasons and len(reasons) == len(effort.penalties):
        return reasons[0]
    return "none is fitted" if effort.fit_steps == 0 or not effort.penalties else None


def _penalties(scenario: Scenario, effort: Effort) -> list[str]:
    """Those of the effort's that a scenario has."""
    return [name for name in effort.penalties if DEPENDENCES[name](scenario) is None]


def _sources(scenario: Scenario, effort: Effort) -> list[Source]:
    """What the penalty is made of."""
    make: dict[str, Callable[[], Source]] = {
        ARRIVALS: lambda: ArrivalSignals.of(scenario, effort.expectation_episodes, effort.seed),
        CHANNELS: lambda: ChannelSignals.of(scenario),
    }
    return [make[name]() for name in _penalties(scenario, effort)]


def _play(one: Contender, scenario: Scenario, workloads: Sequence[Workload], environments: tuple[str, ...]) -> Played:
    if environments == (BANDWIDTH,):
        uploads = played_uploads(one.make_policy, one.env_id, scenario, workloads)
        return Played(np.array([np.round(plan[len(plan) // 2 :].sum()) for plan in uploads]), uploads)
    if environments == BATCHES:
        plans = played_schedules(one.make_policy, one.env_id, scenario, workloads)
        return Played(np.array([float((plan != NEVER).sum()) for plan in plans]), plans)
    if (earning := baselines_of(one.env_id).earning) is not None:
        return Played(earning.play(one.make_policy, scenario, workloads).reward, ())
    return Played(roll_out(one.make_policy, one.env_id, scenario, workloads).served.astype(np.float64), ())


def _of_policy(one: Played, bounded: Bounded, percent: float, counts: str) -> dict[str, Any]:
    """What a policy gains, how far the bound is, and what it pays on average where a penalty was fitted: 0 within its
    interval.
    """
    gained, mean = float(one.gained.mean()), max(1.0, float(bounded.limits.mean()))
    found = {
        counts: gained,
        "percent_of_oracle": percent * gained,
        "width_percent": mean_interval(bounded.missing(one)).times(100.0 / mean)._asdict(),
        "width_percent_unpaired": 100.0 * (1.0 - gained / mean),
    }
    if bounded.certified is not None:
        found["penalty"] = mean_interval(one.gained - one.kept(bounded.certified))._asdict()
    return found


def _say(what: str, of_each: NDArray[Any]) -> None:
    """Tell who waits for the command what has been found on average."""
    print(f"  {what}: {of_each.mean():.2f}", file=sys.stderr, flush=True)
