"""Learning a network of set worths for a scenario, from the base on, and choosing among its rounds by validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from edge_llm_agents.structured.advantages import fit
from edge_llm_agents.structured.branches import Branches, branch, joined
from edge_llm_agents.structured.network import SetWorth
from edge_llm_agents.structured.perturbation import Perturbation
from edge_llm_agents.structured.places import Place, percent_of_dftsp, places_of
from edge_llm_agents.structured.policy import StructuredPolicy, new_network
from edge_llm_agents.structured.policy_gradient import climb
from edge_llm_agents.structured.schedules import replay
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_agents.value_search.features import PLAIN_FEATURE_SETS
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.rules.tuning import tune_discount
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

MOVES_PER_OFFER = 1000
"""Of the annealing that finds the schedules which are imitated; four times as many find 0.7 % more requests."""


class Progress(NamedTuple):
    """Where learning stands after a round."""

    round: int
    """From 1; 0 is the base."""
    loss: float | None
    """Of the round: mean squares of advantages, or in how many requests mean batches differ from what they shall be."""
    validation_percent_of_dftsp: float
    """On the validation workloads, the mean over loads and models."""


class Found(NamedTuple):
    """What was learned."""

    policy: StructuredPolicy
    """Of the round that validated best."""
    curve: list[Progress]
    """After each round."""
    epoch_steps: int
    """Epochs played in training."""


def look_ahead_base(scenario: Scenario, features: str, seed: int) -> ValuePolicy:
    """The look-ahead rule as a value function of a set of features, its discount tuned."""
    function = ValueFunction(0, PLAIN_FEATURE_SETS[features])
    return ValuePolicy(function, function.starting_point(tune_discount(scenario, seed)), scenario)


def learn_worths(
    base: ValuePolicy,
    settings: StructuredSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Found:
    """Learn what to add to a base in its scenario; equal arguments learn the same.

    Raises ValueError where no epoch of an episode has a whole horizon before it.
    """
    scenario = base.scenario
    if settings.horizon_epochs > scenario.epoch.episode_epochs:
        longest = scenario.epoch.episode_epochs
        raise ValueError(f"horizon_epochs = {settings.horizon_epochs}: must be at most the {longest} of an episode")
    torch.manual_seed(seed)
    rng = np.random.default_rng((seed, 1))
    places = places_of(scenario, settings, seed)
    policy = StructuredPolicy(base, new_network(base, settings.width, settings.encoder), settings.encoder)
    best, most = policy, -np.inf
    curve: list[Progress] = []
    learn = {"advantages": _advantages, "schedules": _schedules, "policy-gradient": _policy_gradient}[settings.teacher]
    rounds = learn(policy, places, settings, seed, rng)
    loss = None
    for number in range(settings.rounds + 1):
        if number > 0:
            policy, loss = next(rounds)
        percent = percent_of_dftsp(policy, places)
        if percent > most:
            best, most = policy, percent
        curve.append(Progress(number, loss, percent))
        report(curve[-1])
    played = settings.rounds * sum(place.episodes for place in places) * scenario.epoch.episode_epochs
    return Found(best, curve, played * (1 if settings.teacher == "schedules" else 1 + settings.copies))


def _advantages(
    policy: StructuredPolicy,
    places: Sequence[Place],
    settings: StructuredSettings,
    seed: int,
    rng: np.random.Generator,
) -> Iterator[tuple[StructuredPolicy, float]]:
    """After each round the policy that is fitted to the advantages of all rounds, from the untrained network on."""
    base, met = policy.base, []
    perturbation = Perturbation(settings.deviation, settings.draws, rng)
    for number in range(1, settings.rounds + 1):
        for place in places:
            here = policy.for_scenario(place.scenario)
            parts = place.in_parts(seed, number, settings.rows)
            met += [_branched(here, some, perturbation, settings, rng) for some in parts]
        network = new_network(base, settings.width, settings.encoder)
        loss = fit(network, joined(met), settings, rng)
        policy = StructuredPolicy(base, network, settings.encoder)
        yield policy, loss


def _schedules(
    policy: StructuredPolicy,
    places: Sequence[Place],
    settings: StructuredSettings,
    seed: int,
    rng: np.random.Generator,
) -> Iterator[tuple[StructuredPolicy, float]]:
    """After each replay of schedules made in hindsight the policy that imitates them so far."""
    base = policy.base
    solver = LagrangianHindsight(1, restarts=1, moves_per_offer=MOVES_PER_OFFER, block_nodes=0, seed=seed)
    imitated = [
        (policy.for_scenario(place.scenario), some, [_schedule(solver, place.scenario, one) for one in some])
        for place in places
        for some in place.in_parts(seed, 1, settings.rows)
    ]
    network, optimizer = _untrained(base, settings)
    perturbation = Perturbation(settings.deviation, settings.draws, rng)
    for number in range(settings.rounds):
        optimizer.param_groups[0]["lr"] = settings.learning_rate * (1.0 - number / settings.rounds)
        apart = [replay(schedules, some, here, network, optimizer, perturbation) for here, some, schedules in imitated]
        yield StructuredPolicy(base, network, settings.encoder), float(np.mean(apart))


def _policy_gradient(
    policy: StructuredPolicy,
    places: Sequence[Place],
    settings: StructuredSettings,
    seed: int,
    rng: np.random.Generator,
) -> Iterator[tuple[StructuredPolicy, float]]:
    """After each round the policy that was moved, after every few workloads of all places, towards what served more."""
    base = policy.base
    network, optimizer = _untrained(base, settings)
    perturbation = Perturbation(settings.deviation, settings.draws, rng)
    parts = settings.rounds * -(-places[0].episodes // settings.rows)
    rates = iter(np.linspace(settings.learning_rate, 0.0, parts, endpoint=False))
    for number in range(1, settings.rounds + 1):
        apart = []
        for part in zip(*(place.in_parts(seed, number, settings.rows) for place in places), strict=True):
            met = [
                _branched(policy.for_scenario(place.scenario), some, perturbation, settings, rng)
                for place, some in zip(places, part, strict=True)
            ]
            optimizer.param_groups[0]["lr"] = float(next(rates))
            apart.append(climb(network, joined(met), optimizer, settings, rng))
            policy = StructuredPolicy(base, network, settings.encoder)
        yield policy, float(np.mean(apart))


def _branched(
    policy: StructuredPolicy,
    workloads: Sequence[Workload],
    perturbation: Perturbation,
    settings: StructuredSettings,
    rng: np.random.Generator,
) -> Branches:
    """Branches of workloads from a random epoch on, so that over all of them each epoch has its turn."""
    last_epoch = policy.scenario.epoch.episode_epochs - settings.horizon_epochs
    first_epoch = int(rng.integers(min(settings.horizon_epochs, last_epoch + 1)))
    return branch(policy, workloads, perturbation, settings.copies, settings.horizon_epochs, first_epoch)


def _untrained(base: ValuePolicy, settings: StructuredSettings) -> tuple[SetWorth, torch.optim.Optimizer]:
    """A network that is moved over all rounds, and what moves it."""
    network = new_network(base, settings.width, settings.encoder)
    return network, torch.optim.Adam(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )


def _schedule(solver: LagrangianHindsight, scenario: Scenario, workload: Workload) -> NDArray[np.int64]:
    return solver.solve(EpisodeProblem.of_workload(scenario, workload)).schedule
