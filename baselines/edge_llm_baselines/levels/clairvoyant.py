"""Schedules of `ServiceLevel-v0` that earn much, found in hindsight: from the best rule's decisions on, by local moves.

Levels are annealed with the modules as they are (`edge_llm_baselines.residency.clairvoyant.polish`). Then modules are
moved, one at a time: from an epoch on one holds another variant, until the schedule has it load again. Whom the groups
can no longer serve is left out, levels are annealed anew, and what is worth more is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.reward_bound import by_compression, worth_of
from edge_llm_baselines.levels.schedule import LevelSchedule, ScheduledLevels, modules_of, replayed_levels
from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.polish import add_bands, improve, most_in_epoch, offers_taken, takes
from edge_llm_baselines.residency.clairvoyant.replay import NOBODY, Assignment
from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.envs.service_level.table import table_of
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.workload.workload import Workload


class Effort(NamedTuple):
    """What a search may take."""

    moves_per_offer: int = 500
    """Of annealing, at first and at last, for every way to serve a request."""
    module_moves: int = 300
    """Other modules that are tried."""
    moves_per_trial: int = 30
    """Of annealing after each of these, for every way to serve a request."""


EFFORT = Effort()
"""About a third of a second of processor time for each epoch of `service-levels`."""


def scheduled_by_levels(
    scenario: Scenario,
    workload: Workload,
    rules: Sequence[MakePolicy],
    effort: Effort = EFFORT,
    seed: int = 0,
) -> Earned:
    """What the best schedule that is found earns when it is played, no less than each of the rules; equal seeds, equal
    schedules.

    Raises ValueError without rules, and as `ModulesEpisode.of_workload` does.
    """
    if not rules:
        raise ValueError("rules: must have at least one, whose decisions the search begins at")
    episode = by_compression(ModulesEpisode.of_workload(scenario, workload, keeps_split=True), scenario, workload)
    played = [earned_by_levels(make, scenario, [workload]) for make in rules]
    best = max(range(len(rules)), key=lambda one: float(played[one].reward[0]))
    begun = replayed_levels(rules[best], scenario, workload)
    search = _Search(scenario, workload, episode, worth_of(episode, scenario, workload), np.random.default_rng(seed))
    found = search.found(begun, effort)
    scheduled = earned_by_levels(lambda env: ScheduledLevels(env, found), scenario, [workload])
    return max(played[best], scheduled, key=lambda one: float(one.reward[0]))


class _Search(NamedTuple):
    scenario: Scenario
    workload: Workload
    episode: ModulesEpisode
    worth: NDArray[np.float64]
    rng: np.random.Generator

    def found(self, begun: LevelSchedule, effort: Effort) -> LevelSchedule:
        """The best schedule met from one that is known."""
        offers = len(self.episode.offers.request)
        best, most = self.annealed(begun, effort.moves_per_offer * offers)
        for _ in range(effort.module_moves if len(self.episode.late_s) > 1 else 0):
            other = self.annealed(self.with_modules(best, self.moved(best.targets)), effort.moves_per_trial * offers)
            if other[1] > most:
                best, most = other
        return self.annealed(best, effort.moves_per_offer * offers)[0]

    def annealed(self, schedule: LevelSchedule, moves: int) -> tuple[LevelSchedule, float]:
        """The schedule with better levels, and what it is worth."""
        (modules, served_by), compressions = schedule.assignment, self.compressions
        served_by, taken = served_by.copy(), self.taken(schedule)
        improve(self.episode, self.worth, modules, served_by, taken, moves, self.rng)
        served = np.flatnonzero(served_by != NOBODY)
        compression = np.zeros(len(taken), dtype=np.int64)
        compression[served] = taken[served] % compressions
        variant = served_by[served] // GROUPS % len(self.episode.late_s)
        value = float(self.worth[taken[served], variant].sum())
        return LevelSchedule(schedule.targets, Assignment(modules, served_by), compression), value

    def moved(self, targets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Other targets: one module has another one in one epoch."""
        other, variants = targets.copy(), len(self.episode.late_s)
        epoch, module = (int(self.rng.integers(size)) for size in targets.shape)
        choices = [one for one in range(1 + variants) if one != targets[epoch, module]]
        other[epoch, module] = choices[int(self.rng.integers(len(choices)))]
        return other

    def with_modules(self, schedule: LevelSchedule, targets: NDArray[np.int64]) -> LevelSchedule:
        """The schedule with other targets, without those whom the groups cannot serve any more."""
        modules = modules_of(self.scenario, self.workload, targets)
        served_by, taken = schedule.assignment.served_by.copy(), self.taken(schedule)
        keep_feasible(self.episode, modules, served_by, taken)
        return LevelSchedule(targets, Assignment(modules, served_by), schedule.compression)

    def taken(self, schedule: LevelSchedule) -> NDArray[np.int64]:
        """(requests,) the offer that each request takes, or NOBODY."""
        served_by = schedule.assignment.served_by
        first = offers_taken(self.episode.offers, len(self.episode.late_s) * GROUPS, served_by)
        return np.where(first == NOBODY, NOBODY, first + schedule.compression)

    @property
    def compressions(self) -> int:
        """Offers of a request in an epoch."""
        return len(table_of(self.scenario).ratio)


@compiled_allocating
def keep_feasible(
    episode: ModulesEpisode, modules: NDArray[np.int64], served_by: NDArray[np.int64], taken: NDArray[np.int64]
) -> None:
    """Leave out of `served_by`, (requests,), and of `taken` whom groups of so many `modules` cannot serve, in turn."""
    offers = episode.offers
    size = np.zeros(len(modules), dtype=np.int64)
    member = np.empty((len(modules), most_in_epoch(offers)), dtype=np.int64)
    bands = np.zeros((len(offers.first) - 1, 2))
    for request in range(len(served_by)):
        group, offer = served_by[request], taken[request]
        if group == NOBODY:
            continue
        has_time = modules[group] > 0
        if has_time and group % GROUPS == 1:
            has_time = episode.params.window_s > episode.late_s[group // GROUPS % len(episode.late_s)]
        if has_time and takes(episode, modules, member, size, bands, group, offer, NOBODY, NOBODY):
            member[group, size[group]] = offer
            size[group] += 1
            add_bands(offers, bands, offer, 1.0)
        else:
            served_by[request], taken[request] = NOBODY, NOBODY
