"""The baselines of several nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.nodes.clairvoyant.hindsight import hindsight_of_networks
from edge_llm_baselines.nodes.placement.policy import can_place, following_life, is_told, told_the_order, tune_life
from edge_llm_baselines.nodes.policy import GahPolicy, JointOptimum, NetworkPolicy, NetworkRule, tune_threshold
from edge_llm_baselines.nodes.rules import (
    cloud_only,
    least_loaded,
    most_slack_first,
    nearest_node,
    offload_at_overload,
    strongest_channel,
)
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Tunable
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def several(scenario: Scenario) -> bool:
    """Whether there are several nodes that compute one batch each, so that who serves whom is all there is."""
    return len(scenario.cells) > 1 and not can_place(scenario)


def has_cloud(scenario: Scenario) -> bool:
    """Whether there is a cloud, and nothing to place."""
    return scenario.network is not None and scenario.network.cloud is not None and not can_place(scenario)


def _threshold(scenario: Scenario, seed: int) -> float | None:
    return tune_threshold(scenario, seed) if several(scenario) else None


THRESHOLD_OF_OFFLOADING = Tunable("offloading", _threshold)
"""Load of a node from which on it offloads."""

LIFE = Tunable("life", tune_life)
"""Numbers of demand times expected remaining life."""


def _asking(name: str, rule: NetworkRule, plays: Callable[[Scenario], bool] = several) -> Baseline:
    return Baseline(name, lambda env, seed, tuned: NetworkPolicy(rule, env), plays=plays)


def _offloading(env: Any, seed: int, threshold: float) -> NetworkPolicy:
    return NetworkPolicy(partial(offload_at_overload, threshold=threshold), env)


def _bounds(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """Hindsight of a network: the search begins at its best rule, tuned with seed 0."""
    return hindsight_of_networks(scenario, workloads, _tuned_rules(scenario))


@once_a_scenario
def _tuned_rules(scenario: Scenario) -> list[MakePolicy]:
    rules = OF_NETWORKS.playable(scenario, tuned := OF_NETWORKS.tuned(scenario, 0))
    return [rule.acting(0, rule.of(tuned)) for rule in rules.values()]


OF_NETWORKS = Baselines(
    oracle="joint-optimum",
    rules={
        "joint-optimum": Baseline("joint optimum of the epoch", lambda env, seed, tuned: JointOptimum(env)),
        "gah": Baseline("GAH", lambda env, seed, tuned: GahPolicy(env)),
        "nearest": _asking("nearest node alone", nearest_node),
        "strongest": _asking("strongest channel", strongest_channel),
        "least-loaded": _asking("least loaded", least_loaded),
        "most-slack": _asking("greedy by slack", most_slack_first),
        "offload": Baseline("offload at overload", _offloading, THRESHOLD_OF_OFFLOADING, several),
        "cloud": _asking("cloud only", cloud_only, has_cloud),
        "life": Baseline(
            "demand x remaining life", lambda env, seed, numbers: following_life(env, numbers), LIFE, can_place
        ),
        "informed": Baseline(
            "informed: told the order of phases",
            lambda env, seed, tuned: told_the_order(env),
            plays=is_told,
            informed=True,
        ),
        "random": RANDOM,
    },
    hindsight=_bounds,
)
