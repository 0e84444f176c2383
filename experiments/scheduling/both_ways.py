"""The same workloads served in epochs and by an engine of iterations, and how long each lets its users wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.rules.tuning import tuned_look_ahead
from edge_llm_baselines.schedulers.policy import tuned
from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_env.dynamics.state import N_EPOCHS, RESOURCES, SERVED
from edge_llm_env.engine.state import COMPLETED
from edge_llm_env.envs.suite import BATCH_SELECTION, CONTINUOUS_BATCHING
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.streams import draw_workloads
from edge_llm_env.workload.workload import Workload

PERCENTS = (50, 90, 99)

TOLERANCE_S = 1e-9
"""Of a time at its limit."""


class Answered(NamedTuple):
    """Of one workload, each (N,): infinite where it did not happen."""

    first_s: NDArray[np.float64]
    """From arrival to the first token at the user."""
    last_s: NDArray[np.float64]
    """From arrival to the last."""
    per_token_s: NDArray[np.float64]
    """Mean time of the tokens after the first, as the user sees them."""


def in_epochs(scenario: Scenario, workloads: Sequence[Workload], make_policy: MakePolicy) -> list[Answered]:
    """A batch is answered as a whole when it is computed and sent: all of its tokens come at once."""
    env = vector_of(BATCH_SELECTION, scenario, workloads)
    simulation = env.unwrapped.simulation
    params, state = simulation.params, simulation.state
    answered_s = [np.full(workload.requests, np.inf) for workload in workloads]
    for _ in play(env, make_policy(env), workloads=workloads):
        for row, at_s in enumerate(answered_s):
            began_s = state.counters[row, N_EPOCHS] * params.epoch_s  # the first epoch begins when one has passed
            compute_s = state.utilisation[row, RESOURCES.index("compute")] * params.window_s
            new = (state.status[row, : len(at_s)] == SERVED) & np.isinf(at_s)
            at_s[new] = began_s + params.uplink_s + compute_s + params.downlink_s
    env.close()
    waits = [at_s - workload.arrival_s for at_s, workload in zip(answered_s, workloads, strict=True)]
    return [Answered(wait_s, wait_s, np.where(np.isinf(wait_s), np.inf, 0.0)) for wait_s in waits]


def in_iterations(scenario: Scenario, workloads: Sequence[Workload], make_policy: MakePolicy) -> list[Answered]:
    """Each token is sent when it is computed."""
    env = vector_of(CONTINUOUS_BATCHING, scenario, workloads)
    for _ in play(env, make_policy(env), workloads=workloads):
        pass
    simulation = env.unwrapped.simulation
    params, state = simulation.params, simulation.state
    found = []
    for row, workload in enumerate(workloads):
        first_s, last_s, done = (one[row, : workload.requests] for one in (state.first_s, state.last_s, state.status))
        done = done == COMPLETED
        allowed_s = params.class_ttft_s[state.service_class[row, : workload.requests]]
        # Waits at the user begin with the arrival and end a token's download after the token: what its limit leaves.
        sent_s = allowed_s - state.first_due_s[row, : workload.requests]
        wait_s, per_token_s = np.full((2, workload.requests), np.inf)
        wait_s[done] = last_s[done] + sent_s[done]
        per_token_s[done] = (last_s[done] - first_s[done]) / np.maximum(1, workload.output_tokens[done] - 1)
        found.append(Answered(first_s + sent_s, wait_s, per_token_s))
    env.close()
    return found


def served_both_ways(name: str, epochs_s: Sequence[float], episodes: int, seed: int) -> Iterator[dict[str, Any]]:
    """What each way serves on the same requests: in epochs of each length, then by the engine's schedulers.

    A request keeps its first channel, which is the one that the engine uses. Raises ValueError where the length of an
    epoch does not divide the episode.
    """
    scenario = load_scenario(name)
    whole_s = scenario.epoch.epoch_s * scenario.epoch.episode_epochs
    drawn = draw_workloads(scenario, episodes, seed)
    workloads = [
        replace(one, uplink_gain=one.uplink_gain[:, :1], downlink_gain=one.downlink_gain[:, :1]) for one in drawn
    ]
    for epoch_s in epochs_s:
        if abs(whole_s / epoch_s - round(whole_s / epoch_s)) > 1e-9:
            raise ValueError(f"epochs_s: has {epoch_s:g}: must divide the episode, which lasts {whole_s:g} s")
        cut = load_scenario(name, **{"epoch.epoch_s": epoch_s, "epoch.episode_epochs": round(whole_s / epoch_s)})
        for policy, solver in (("DFTSP", DFTSP()), ("look-ahead", tuned_look_ahead(cut))):
            found = in_epochs(cut, workloads, lambda env, solver=solver: EpochPolicy(solver, env))  # type: ignore[misc]
            yield summary(f"epochs of {epoch_s:g} s, {policy}", scenario, workloads, found)
    for key in ("static", "vllm", "sarathi", "cheapest"):
        title, scheduler = SCHEDULERS[key]
        found = in_iterations(scenario, workloads, lambda env, scheduler=scheduler: tuned(scheduler, env, 0))  # type: ignore[misc]
        yield summary(f"iterations, {title}", scenario, workloads, found)


def summary(way: str, scenario: Scenario, workloads: Sequence[Workload], found: Sequence[Answered]) -> dict[str, Any]:
    """Counts, tokens per second and percentiles (s) of those who were answered, null where nobody was."""

    def joined(of: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        return np.concatenate([np.asarray(one, dtype=np.float64) for one in of])

    first_s, last_s, per_token_s = (joined([getattr(one, name) for one in found]) for name in Answered._fields)
    latency_s = joined([one.latency_requirement_s for one in workloads])
    tokens = joined([one.output_tokens for one in workloads])
    classes = scenario.iterations.classes
    of_class = scenario.iterations.class_of(latency_s)
    ttft_s, tpot_s = (np.array([getattr(one, name) for one in classes])[of_class] for name in ("ttft_s", "tpot_s"))
    answered = np.isfinite(last_s)
    whole_s = scenario.epoch.epoch_s * scenario.epoch.episode_epochs * len(workloads)
    return {
        "way": way,
        "requests": len(latency_s),
        "answered": int(answered.sum()),
        "in_time": int((last_s <= latency_s + TOLERANCE_S).sum()),
        "within_objectives": int(((first_s <= ttft_s + TOLERANCE_S) & (per_token_s <= tpot_s + TOLERANCE_S)).sum()),
        "tokens_per_s": float(tokens[answered].sum() / whole_s),
        "first_s": {f"p{one}": _percentile(first_s[answered], one) for one in PERCENTS},
        "last_s": {f"p{one}": _percentile(last_s[answered], one) for one in PERCENTS},
    }


def _percentile(times_s: NDArray[np.float64], percent: int) -> float | None:
    return float(np.percentile(times_s, percent, method="inverted_cdf")) if len(times_s) else None


def both_ways_table(record: Mapping[str, Any]) -> Table:
    """What a page shows of a record's ways."""
    rows = [
        (
            one["way"],
            *(f"{100 * one[count] / one['requests']:.1f}" for count in ("answered", "in_time", "within_objectives")),
            f"{one['tokens_per_s']:.0f}",
            *(
                " / ".join(_seconds(one[time][f"p{percent}"]) for percent in PERCENTS[:2])
                for time in ("first_s", "last_s")
            ),
        )
        for one in record["ways"]
    ]
    return Table(
        (
            "way",
            "answered %",
            "in time %",
            "within TTFT and TPOT %",
            "tokens/s",
            "first token, p50 / p90 s",
            "last token, p50 / p90 s",
        ),
        rows,
    )


def _seconds(time_s: float | None) -> str:
    return "" if time_s is None else f"{time_s:.1f}"
