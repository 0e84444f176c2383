"""`compare`: policies on the same workloads, each held against the environment's oracle of one epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.comparison.contestants import Field
from edge_llm_agents.comparison.earnings import by_reward, joined_schedules
from edge_llm_agents.comparison.records import BOUND, SCHEDULE, Comparison, records_of
from edge_llm_agents.comparison.sweep import Sweep, swept
from edge_llm_agents.evaluation.progress import Progress, Report, tell_nobody
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.roll_out import RollOut, roll_out
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.workload.streams import draw_workloads


class ComparisonInterrupted(KeyboardInterrupt):
    """Ctrl-C came while policies were compared; `comparison` has what was finished, at least the oracle."""

    def __init__(self, comparison: Comparison | Sweep) -> None:
        super().__init__("interrupted; what was finished is in .comparison")
        self.comparison = comparison


@checked
def compare(
    policies: Any = None,
    scenario: str | Path | Scenario = "carry-over",
    *,
    env_id: str = BATCHING,
    episodes: int = 100,
    seed: int = 0,
    hindsight_episodes: int = 10,
    sweep: Mapping[str, Iterable[Any]] | None = None,
    unpickle: bool = False,
    report: Report = tell_nobody,
) -> Comparison | Sweep:
    """Policies side by side on the same held-out workloads, with paired 95 % intervals against the oracle.

    `policies` is one, several, or a mapping from names to: the key or name of one of the environment's rules
    (`edge-llm list` has them); "all", for every rule and every policy of the package for the scenario (what None
    stands for); the name of a policy of the package, or the path of a saved one without suffix; an SB3 model, or with
    `unpickle`, as unpickling can run any code, the path of its zip (`SAC@file.zip` where it is neither MaskablePPO nor
    PPO); what `train` returns; anything with SB3's `predict`; a solver of the epoch (`solve`); an allocation
    (`action`); a function from the vector environment to a policy. The oracle always takes part.

    All play `episodes` workloads of `scenario` in `env_id`, which `seed` sets. The first `hindsight_episodes` of them
    are also optimised in hindsight where the environment knows how (some seconds each; 0 for none).
    `sweep={"workload.arrivals.rate_per_s": [3, 5, 10]}` compares at every value, NumPy's too, of a field of the
    scenario, saved policies being taken to each, whatever they were trained for. `report` hears of every part that is
    done.

    Raises ValueError for what there is not, DoesNotPlayError (a ValueError) for a policy of another environment or
    scenario, and on Ctrl-C, once the oracle has played, `ComparisonInterrupted` with what is finished.
    """
    given = load_scenario(scenario)
    _check(episodes, hindsight_episodes)
    set_thread_counts()
    shown = {"env_id": env_id, "episodes": episodes, "seed": seed, "hindsight_episodes": hindsight_episodes}
    if sweep is None:
        return compared(
            Field(env_id, given, seed, unpickle=unpickle, report=report),
            policies,
            episodes,
            hindsight_episodes,
            shown,
            report,
        )
    name, values = swept(sweep)
    scenarios = [load_scenario(given, **{name: value}) for value in values]
    finished: list[Comparison] = []
    try:
        for one in scenarios:
            field = Field(env_id, one, seed, elsewhere=True, unpickle=unpickle, report=report)
            finished.append(compared(field, policies, episodes, hindsight_episodes, shown, report))
    except KeyboardInterrupt:
        if finished:
            raise ComparisonInterrupted(Sweep(name, values[: len(finished)], finished)) from None
        raise
    return Sweep(name, values, finished)


def _check(episodes: int, hindsight_episodes: int) -> None:
    if episodes < 1:
        raise ValueError(f"episodes = {episodes}: must be at least 1")
    if hindsight_episodes < 0:
        raise ValueError(f"hindsight_episodes = {hindsight_episodes}: must be at least 0")


def compared(
    field: Field,
    policies: Any,
    episodes: int,
    hindsight_episodes: int,
    settings: Mapping[str, Any],
    report: Report,
) -> Comparison:
    """Play everybody, the oracle first, then look back; what `compare` does for one scenario."""
    scenario = field.scenario
    workloads = draw_workloads(scenario, episodes, field.seed)
    contestants = field.of(policies)
    roll_outs: dict[str, RollOut] = {}
    alone_s: dict[str, float] = {}
    bounds: list[HindsightBounds] = []
    look_back = field.baselines.hindsight
    known = [] if look_back is None else workloads[:hindsight_episodes]
    earning, earned, most = field.baselines.earning, dict[str, Earned](), list[float]()
    schedules: list[Earned] = []

    def so_far() -> Comparison:
        hindsight = _joined(bounds, [one.served for one in roll_outs.values()]) if bounds else None
        scheduled = joined_schedules(schedules[: len(bounds)], list(earned.values()))
        if hindsight is not None and scheduled is not None:
            hindsight = hindsight._replace(served=scheduled.served)
        records = records_of({name: roll_outs[name] for name in alone_s}, field.oracle, hindsight, alone_s)
        if earning is not None:
            played = {name: earned[name] for name in alone_s}
            records = by_reward(records, played, field.oracle, most[: len(bounds)], scheduled)
        kinds = {one.name: one.kind for one in contestants} | {BOUND: "hindsight", SCHEDULE: "hindsight"}
        return Comparison(scenario, field.env_id, field.oracle, settings, records, kinds)

    try:
        for at, one in enumerate(contestants):
            report(Progress("playing", at, len(contestants), one.name))
            roll_outs[one.name] = roll_out(one.make_policy, one.env_id, scenario, workloads)
            if earning is not None:
                earned[one.name] = earning.play(one.make_policy, scenario, workloads)
            alone_s[one.name] = roll_out(one.make_policy, one.env_id, scenario, workloads[:1]).decision_s
        report(Progress("playing", len(contestants), len(contestants)))
        for at, workload in enumerate(known):
            report(Progress("hindsight", at, len(known), f"workload {at + 1}"))
            assert look_back is not None  # or nothing is known
            bound = look_back(scenario, [workload])
            reward = None if earning is None else earning.most(scenario, workload)
            scheduled = None if earning is None or earning.schedule is None else earning.schedule(scenario, workload)
            # Ctrl-C while one of them is found leaves none of this workload.
            if reward is not None:
                most.append(reward)
            if scheduled is not None:
                schedules.append(scheduled)
            bounds.append(bound)
        if known:
            report(Progress("hindsight", len(known), len(known)))
    except KeyboardInterrupt:
        if field.oracle not in alone_s:
            raise
        raise ComparisonInterrupted(so_far()) from None
    return so_far()


def _joined(bounds: Sequence[HindsightBounds], played: Sequence[NDArray[np.int64]]) -> HindsightBounds:
    """The bounds of all workloads; where somebody who played served more than the best schedule found, that counts."""
    served = np.concatenate([one.served for one in bounds])
    return HindsightBounds(
        np.max([served, *(one[: len(served)] for one in played)], axis=0),
        np.concatenate([one.upper_bound for one in bounds]),
        sum(one.seconds for one in bounds) / len(bounds),
    )
