"""Whom learned policies are held against: baselines of an environment, tuned for a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from edge_llm_baselines import LookAhead
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.rules.tuning import tune_discount
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import Scenario

Tell = Callable[[str], None]
"""Is told a line of what has been done, where that can take minutes."""


def tell_nobody(line: str) -> None:
    """A line that nobody reads."""


class Rivals(NamedTuple):
    """Baselines that are ready to play."""

    env_id: str
    """Where they play."""
    tuned: dict[str, Any]
    """What is tuned of them, by the name of the `Tunable`."""
    policies: Mapping[str, MakePolicy]
    """By their keys in records."""
    oracle_key: str
    """Of the one that figures are percentages of."""
    rules: Sequence[str]
    """Keys of those among which the best is looked for: who are told nothing that no observation shows."""


def every_baseline(env_id: str, scenario: Scenario, seed: int, tell: Tell = tell_nobody) -> Rivals:
    """Every baseline of an environment that is for the scenario.

    Where requests served count, the oracle of one epoch is not one of the rules; where rewards do, nobody is.
    """
    baselines = baselines_of(env_id)
    tuned: dict[str, Any] = {}
    for tunable in baselines.tunables:
        tuned[tunable.name] = tunable.tune(scenario, seed)
        tell(f"tuned {tunable.name}: {tuned[tunable.name]}")
    playable = baselines.playable(scenario, tuned)
    apart = baselines.oracle if baselines.earning is None else None
    return Rivals(
        env_id,
        tuned,
        {key: rule.acting(seed, rule.of(tuned)) for key, rule in playable.items()},
        baselines.oracle,
        [key for key, rule in playable.items() if key != apart and not rule.informed],
    )


def dftsp_and_look_ahead(env_id: str, scenario: Scenario, seed: int, tell: Tell = tell_nobody) -> Rivals:
    """DFTSP and the tuned look-ahead rule, which choose batches whole, whatever environment they are held against."""
    discount = tune_discount(scenario, seed)
    tell(f"tuned discount: {discount}")
    rule = LookAhead(discount, scenario.epoch.epoch_s)
    return Rivals(
        BATCH_SELECTION,
        {"discount": discount},
        {"dftsp": lambda env: EpochPolicy(DFTSP(), env), "look_ahead": lambda env: EpochPolicy(rule, env)},
        "dftsp",
        ["look_ahead"],
    )
