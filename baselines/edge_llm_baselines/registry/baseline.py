"""A baseline, and the baselines of an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.playing.play import MakePolicy, Policy
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.random_actions import RandomActions
from edge_llm_baselines.solvers.problem import Solver
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True)
class Tunable:
    """What of baselines is tuned for a scenario, on workloads that nothing is evaluated on."""

    name: str
    tune: Callable[[Scenario, int], Any]
    """From a scenario and a seed its best value, as JSON can hold it; None where the scenario leaves nothing to tune.
    Equal seeds, equal values."""


@dataclass(frozen=True)
class Baseline:
    """A policy that nobody trained."""

    name: str
    """In tables."""
    policy: Callable[[Any, int, Any], Policy]
    """From an environment, single or vector, a seed for what it draws, and what is tuned of it (None if nothing is)."""
    tunable: Tunable | None = None
    plays: Callable[[Scenario], bool] = lambda scenario: True
    """Whether it is for a scenario."""
    informed: bool = False
    """Whether it is told what no observation shows: a structure of the scenario."""

    def of(self, tuned: Mapping[str, Any]) -> Any:
        """What is tuned of this one, among what is tuned of baselines; None if nothing is."""
        return None if self.tunable is None else tuned.get(self.tunable.name)

    def tuned(self, scenario: Scenario, seed: int) -> Any:
        """The best value of what is tuned of this one for a scenario; None if nothing is."""
        return None if self.tunable is None else self.tunable.tune(scenario, seed)

    def acting(self, seed: int, tuned: Any = None) -> MakePolicy:
        """What makes the policy on an environment, from what is tuned for its scenario."""
        return lambda env: self.policy(env, seed, tuned)


RANDOM = Baseline("random", lambda env, seed, tuned: RandomActions(env, seed))
"""What plays in any environment."""


@dataclass(frozen=True)
class Earning:
    """What policies of an environment are ranked by, where that is the reward of an episode and not who is served."""

    play: Callable[[MakePolicy, Scenario, Sequence[Workload]], Earned]
    """What a policy earns on workloads."""
    most: Callable[[Scenario, Workload], float]
    """What nobody earns more than in an episode."""
    schedule: Callable[[Scenario, Workload], Earned] | None = None
    """What the best schedule that is known of an episode earns when it is played; None where nobody searches."""


@dataclass(frozen=True)
class Baselines:
    """What an environment's policies are held against."""

    oracle: str
    """Key of the baseline that all are held against: the oracle of one epoch, wherever there is one."""
    rules: Mapping[str, Baseline]
    """Every baseline, the oracle included, by the key that it is typed as."""
    hindsight: Callable[[Scenario, Sequence[Workload]], HindsightBounds] | None = None
    """What a clairvoyant could have served on workloads, and what no policy exceeds; None where nobody knows."""

    earning: Earning | None = None
    """What counts instead of requests served; None where these do."""

    solved_in: str | None = None
    """Where batches are made request by request, the id of the environment that names the same batches whole: solvers
    play it, for equal results sooner, and its policies can be held against these."""

    def __post_init__(self) -> None:
        one_of("oracle", self.oracle, self.rules)

    @property
    def reference(self) -> str:
        """The oracle's name in tables."""
        return self.rules[self.oracle].name

    @property
    def tunables(self) -> list[Tunable]:
        """All that is tuned of them, each once."""
        return list(dict.fromkeys(rule.tunable for rule in self.rules.values() if rule.tunable is not None))

    def tuned(self, scenario: Scenario, seed: int) -> dict[str, Any]:
        """What of them is tuned for a scenario, by the name of the `Tunable`: some seconds each."""
        return {tunable.name: tunable.tune(scenario, seed) for tunable in self.tunables}

    def tuned_oracle(self, scenario: Scenario, seed: int) -> tuple[Any, MakePolicy]:
        """What is tuned of the oracle for a scenario, None if nothing is, and what makes the oracle, tuned so."""
        tuned = self.rules[self.oracle].tuned(scenario, seed)
        return tuned, self.rules[self.oracle].acting(seed, tuned)

    def playable(self, scenario: Scenario, tuned: Mapping[str, Any]) -> dict[str, Baseline]:
        """Those that are for a scenario for which this is tuned: without those of which there is nothing to tune."""
        return {
            key: rule
            for key, rule in self.rules.items()
            if rule.plays(scenario) and (rule.tunable is None or rule.of(tuned) is not None)
        }

    def all_tuned(self, scenario: Scenario) -> list[MakePolicy]:
        """What makes each of those that are for a scenario, tuned with seed 0."""
        return list(self.policies(scenario, self.tuned(scenario, 0), 0).values())

    def policies(self, scenario: Scenario, tuned: Mapping[str, Any], seed: int) -> dict[str, MakePolicy]:
        """What makes each of these, by its name in tables."""
        return {rule.name: rule.acting(seed, rule.of(tuned)) for rule in self.playable(scenario, tuned).values()}


def solving(name: str, make: Callable[[], Solver]) -> Baseline:
    """A solver of the epoch, where a batch is chosen."""
    return Baseline(name, lambda env, seed, tuned: EpochPolicy(make(), env))


def allocating(
    name: str, make: Callable[[], Allocation], plays: Callable[[Scenario], bool] = lambda scenario: True
) -> Baseline:
    """An allocation, where bands or modules are divided, for the scenarios that it is for."""
    return Baseline(name, lambda env, seed, tuned: AllocationPolicy(make(), env), plays=plays)
