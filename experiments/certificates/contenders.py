"""The policies whose best is the lower end of a certified interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import policies_for
from edge_llm_baselines.certificates.racks.certificate import LOADS, relaxation, schedule_by_law
from edge_llm_baselines.certificates.sampled_future import SampledFuture
from edge_llm_baselines.certificates.unpenalised import BATCHES
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.racks.policy import Scheduled
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.registry.modules import OF_EVERYTHING
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.envs.suite import BATCH_SELECTION, JOINT, SCALING
from edge_llm_env.scenarios import Scenario

LOOK_AHEAD = OF_BATCHES.rules["look-ahead"].name
"""The tuned rule that penalties are fitted against."""

BY_LAW = "schedule by the rates of arrivals"
"""What a rack's planner who is told them, and sees nothing, has on."""


class Contender(NamedTuple):
    """A policy that does not know the future, and where it plays."""

    env_id: str
    make_policy: MakePolicy


def contenders(
    scenario: Scenario, environments: Sequence[str], samples: Sequence[int], seed: int
) -> dict[str, Contender]:
    """By name, the oracle of one epoch first: the rules that are tuned, those that sample so many futures, where
    batches are all that is decided, a schedule of modules by the law of arrivals, where a rack's are known, the oracle
    where modules and batches are decided at once, and the package's policies for the scenario, of any of the
    environments.

    Rules that are told a structure of the scenario do not take part.
    """
    solved_in = BATCH_SELECTION if BATCH_SELECTION in environments else environments[0]
    known = baselines_of(solved_in)
    found = {known.reference: Contender(solved_in, known.tuned_oracle(scenario, seed)[1])}
    for rule in known.rules.values():
        if rule.informed or rule.tunable is None or not rule.plays(scenario):
            continue
        if (tuned := rule.tuned(scenario, seed)) is not None:
            found[rule.name] = Contender(solved_in, rule.acting(seed, tuned))
    if tuple(environments) == BATCHES:
        for number in samples:
            found[f"sampled-future-{number}"] = Contender(BATCH_SELECTION, _sampling(scenario, number, seed))
    if SCALING in environments and relaxation(scenario).unknown == LOADS:
        found[BY_LAW] = Contender(SCALING, _by_law(scenario, seed))
    if JOINT in environments:
        found[OF_EVERYTHING.reference] = Contender(JOINT, OF_EVERYTHING.tuned_oracle(scenario, seed)[1])
    for name in policies_for(scenario):
        policy, _ = load_policy(name)
        if policy.env_id in environments:
            found[name] = Contender(policy.env_id, policy.acting)
    return found


def _by_law(scenario: Scenario, seed: int) -> MakePolicy:
    modules_on = schedule_by_law(scenario, seed)
    return lambda env: Scheduled(env, np.broadcast_to(modules_on, (getattr(env, "num_envs", 1), len(modules_on))))


def _sampling(scenario: Scenario, samples: int, seed: int) -> MakePolicy:
    sampling = SampledFuture(scenario, samples, seed=seed)
    return lambda env: EpochPolicy(sampling, env)
