"""Who takes part in a comparison: from names, files and objects to policies that play."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm

from edge_llm_agents.evaluation.models import DoesNotPlayError, acting_model, model_file
from edge_llm_agents.evaluation.progress import Progress, Report, tell_nobody
from edge_llm_agents.pretrained.saved_policies import SavedPolicy, load_policy
from edge_llm_agents.pretrained.shipped import PRETRAINED, card_of, is_saved, policies_for, shipped_policies
from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.play import MakePolicy, Policy
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.registry.baseline import Baseline, Tunable
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of, shown

ALL = "all"
"""Every rule of the environment, and every policy of the package that is for the scenario."""


class Contestant(NamedTuple):
    """A policy and where it plays."""

    name: str
    env_id: str
    make_policy: MakePolicy
    kind: str
    """oracle, rule or policy"""


class Field:
    """All that can take part in one environment and scenario; `seed` is of what is tuned and of what draws.

    Raises ValueError for an environment or, at `of`, a policy that there is not.
    """

    def __init__(
        self,
        env_id: str,
        scenario: Scenario,
        seed: int,
        *,
        elsewhere: bool = False,
        unpickle: bool = False,
        report: Report = tell_nobody,
    ) -> None:
        environment(env_id)
        self.env_id, self.scenario, self.seed = env_id, scenario, seed
        self.elsewhere = elsewhere
        """Take saved policies to this scenario whatever they were trained for."""
        self.unpickle = unpickle
        """Load zips of Stable-Baselines3, which can run any code."""
        self.baselines = baselines_of(env_id)
        self.oracle = self.baselines.reference
        self._solved_in = self.baselines.solved_in or env_id
        self._tuned: dict[str, Any] = {}
        playing = [rule for rule in self.baselines.rules.values() if rule.plays(scenario)]
        self._tunings = len({rule.tunable for rule in playing} - {None})
        self._report = report
        """Hears of everything that is tuned of rules."""

    def of(self, policies: Any) -> list[Contestant]:
        """The oracle first, then those that are asked for: see `compare`."""
        named = _named(policies)
        # What is named comes first, so that a wrong name does not wait until all rules are tuned.
        made = [None if isinstance(one, str) and one == ALL else self._contestant(name, one) for name, one in named]
        found = [self._rule(self.baselines.oracle)]
        asked: list[tuple[bool, Contestant]] = []
        for (name, one), contestant in zip(named, made, strict=True):
            if contestant is None:
                asked += [(True, self._by_name(None, key)) for key in self._all()]
            else:
                asked.append((name is None and isinstance(one, str), contestant))
        for by_name, contestant in asked:
            again = contestant.name in {other.name for other in found}
            if contestant.kind == "oracle" or (again and by_name):
                continue
            if again:
                raise ValueError(f"policies: two are called {contestant.name!r}, name them otherwise: {{name: policy}}")
            found.append(contestant)
        return found

    def _all(self) -> list[str]:
        here = (self.env_id, self._solved_in)
        saved = [name for name in policies_for(self.scenario) if card_of(PRETRAINED / name)["environment"] in here]
        return [*(key for key, rule in self.baselines.rules.items() if self._plays(rule)), *saved]

    def _plays(self, rule: Baseline) -> bool:
        if not rule.plays(self.scenario):
            return False
        return rule.tunable is None or self._tuned_of(rule.tunable) is not None

    def _tuned_of(self, tunable: Tunable) -> Any:
        if tunable.name not in self._tuned:
            self._report(Progress("tuning", len(self._tuned), self._tunings, tunable.name))
            self._tuned[tunable.name] = tunable.tune(self.scenario, self.seed)
            self._report(Progress("tuning", len(self._tuned), self._tunings))
        return self._tuned[tunable.name]

    def _rule(self, key: str) -> Contestant:
        rule = self.baselines.rules[key]
        if not self._plays(rule):
            why = "there is nothing to tune of it in" if rule.plays(self.scenario) else "it is not for"
            raise ValueError(f"policy = {shown(key)}: {why} {self.scenario.name}")
        tuned = None if rule.tunable is None else self._tuned_of(rule.tunable)
        kind = "oracle" if key == self.baselines.oracle else "rule"
        return Contestant(rule.name, self._solved_in, rule.acting(self.seed, tuned), kind)

    def _contestant(self, name: str | None, one: Any) -> Contestant:
        if isinstance(one, Path) and one.suffix != ".zip":
            return self._saved(name, one)
        if isinstance(one, str | Path):
            return self._by_name(name, str(one))
        if hasattr(one, "acting") and hasattr(one, "env_id"):
            return self._learned(name or _called(one), one)
        makes, env_id = self._made_of(one)
        return Contestant(name or _called(one), env_id, makes, "policy")

    def _by_name(self, name: str | None, text: str) -> Contestant:
        if text.endswith(".zip"):
            algorithm, _, file = text.rpartition("@")
            makes = model_file(Path(file), algorithm or None, unpickle=self.unpickle)
            return Contestant(name or Path(file).name, self.env_id, makes, "policy")
        known = self.baselines.rules
        rules = {"oracle": self.baselines.oracle} | {rule.name: key for key, rule in known.items()}
        rules |= {key: key for key in known}
        if text in shipped_policies() or (text not in rules and is_saved(text)):
            return self._saved(name, text)
        found = self._rule(rules[one_of("policy", text, [*rules, *shipped_policies()])])
        return found if name is None or found.kind == "oracle" else found._replace(name=name)

    def _saved(self, name: str | None, path: str | Path) -> Contestant:
        policy, _ = load_policy(path, None if self.elsewhere else self.scenario)
        return self._learned(name or Path(path).name, policy)

    def _learned(self, name: str, policy: SavedPolicy | Any) -> Contestant:
        if policy.env_id not in (self.env_id, self._solved_in):
            raise DoesNotPlayError(f"policy = {shown(name)}: is for {policy.env_id}, not for {self.env_id}")
        if policy.scenario.fingerprint() != self.scenario.fingerprint():
            if not self.elsewhere:
                raise DoesNotPlayError(
                    f"policy = {shown(name)}: is for scenario {policy.scenario.name!r} "
                    f"({policy.scenario.fingerprint()[:12]}), not {self.scenario.name!r}"
                )
            policy = policy.for_scenario(self.scenario)
        return Contestant(name, policy.env_id, policy.acting, "policy")

    def _made_of(self, one: Any) -> tuple[MakePolicy, str]:
        if isinstance(one, BaseAlgorithm):
            return acting_model(one), self.env_id
        if hasattr(one, "predict"):
            return (lambda env: one), self.env_id
        if hasattr(one, "solve"):
            return (lambda env: self._solving(one, env)), self._solved_in
        if hasattr(one, "action"):
            return (lambda env: AllocationPolicy(one, env)), self.env_id
        if callable(one):
            return one, self.env_id
        raise ValueError(
            f"policy = {shown(one)}: must be a name, a file, a policy, a solver, an allocation or a function"
        )

    def _solving(self, solver: Any, env: Any) -> Policy:
        if isinstance(env.single_action_space, spaces.Box):
            raise DoesNotPlayError(
                f"policy = {_called(solver)}: chooses batches, and {self.env_id} divides bands or modules; "
                "an allocation such as MinimumShares(solver) does"
            )
        return EpochPolicy(solver, env)


def _named(policies: Any) -> list[tuple[str | None, Any]]:
    if policies is None:
        return [(None, ALL)]
    if isinstance(policies, Mapping):
        return [(str(name), one) for name, one in policies.items()]
    return [(None, one) for one in (policies if isinstance(policies, list | tuple) else [policies])]


def _called(one: Any) -> str:
    """A name for what brings none along."""
    return str(getattr(one, "name", None) or getattr(one, "__name__", None) or type(one).__name__)
