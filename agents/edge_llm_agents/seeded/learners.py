"""Ways to learn a policy for a scenario from settings and a seed, each under one signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.search import AllocationSettings, search_allocation
from edge_llm_agents.calls.search import CallSettings, search_calls, search_order
from edge_llm_agents.placement.fitting import PlacementSettings, fit_placement
from edge_llm_agents.placement.search import PlacementSearchSettings, search_placement
from edge_llm_agents.pretrained.saved_policies import SavedPolicy, load_policy
from edge_llm_agents.racks.learning import RackSettings, learn_rack
from edge_llm_agents.scheduling.search import SchedulerSettings, search_scheduler
from edge_llm_agents.seeded.runs import Learned
from edge_llm_agents.structured.learning import learn_worths, look_ahead_base
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_agents.tasks.fitting import SignalSettings, learn_signals
from edge_llm_agents.uploads.search import UploadSettings, search_uploads
from edge_llm_agents.value_search.generations import FoundPolicy
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.search import SearchSettings, search
from edge_llm_env.envs.suite import COMPUTE, CONTINUOUS_BATCHING, SERVICE_LEVEL
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown

Settings = (
    SearchSettings
    | StructuredSettings
    | AllocationSettings
    | SchedulerSettings
    | PlacementSettings
    | PlacementSearchSettings
    | RackSettings
    | SignalSettings
    | CallSettings
    | UploadSettings
)
"""Of a way to learn."""

Report = Callable[[Any], None]
"""Is told how far learning is: a search's `Progress` after each generation, or the steps that a fit has taken."""


class Learner(NamedTuple):
    """A way to learn."""

    algorithm: str
    """What records call it."""
    learn: Callable[[str, Scenario, Any, int, Report], Learned]
    """From an environment's id, a scenario, settings and a seed; equal ones learn the same."""


def _values(env_id: str, scenario: Scenario, settings: SearchSettings, seed: int, report: Report) -> Learned:
    found = search(scenario, settings, seed, report)
    return Learned(found.policy, found.epoch_steps, {"first_discount": found.discount}, _as_records(found.curve))


def _structured(env_id: str, scenario: Scenario, settings: StructuredSettings, seed: int, report: Report) -> Learned:
    """Raises ValueError as `load_policy` does, and for a base that is no value function."""
    if settings.base is None:
        base: SavedPolicy = look_ahead_base(scenario, settings.features, seed)
    else:
        base, _ = load_policy(settings.base, scenario)
    if not isinstance(base, ValuePolicy):
        raise ValueError(f"base = {shown(settings.base)}: must be a value function, as edge-llm train values finds")
    found = learn_worths(base, settings, seed, report)
    return Learned(found.policy, found.epoch_steps, {}, _as_records(found.curve))


def _allocation(env_id: str, scenario: Scenario, settings: AllocationSettings, seed: int, report: Report) -> Learned:
    """Levels are searched in `Compute-v0`, where an epoch takes microseconds; they are exact where they are judged."""
    levels = env_id == SERVICE_LEVEL
    found = search_allocation(COMPUTE if levels else env_id, scenario, settings, seed, report)
    policy = LearnedLevels(found.policy) if levels else found.policy
    return Learned(policy, found.epoch_steps, {}, _as_records(found.curve))


def _scheduler(env_id: str, scenario: Scenario, settings: SchedulerSettings, seed: int, report: Report) -> Learned:
    found = search_scheduler(scenario, settings, seed, report)
    return Learned(found.policy, found.epoch_steps, {}, _as_records(found.curve))


def _uploads(env_id: str, scenario: Scenario, settings: UploadSettings, seed: int, report: Report) -> Learned:
    found = search_uploads(scenario, settings, seed, report)
    return Learned(found.policy, found.epoch_steps, {}, _as_records(found.curve))


def _calls(env_id: str, scenario: Scenario, settings: CallSettings, seed: int, report: Report) -> Learned:
    search_for = search_order if env_id == CONTINUOUS_BATCHING else search_calls
    found: FoundPolicy[Any] = search_for(scenario, settings, seed, report)
    return Learned(found.policy, found.epoch_steps, {}, _as_records(found.curve))


def _placement(env_id: str, scenario: Scenario, settings: PlacementSettings, seed: int, report: Report) -> Learned:
    policy = fit_placement(scenario, settings, seed, report)
    return Learned(policy, settings.episodes * scenario.epoch.episode_epochs, {}, [])


def _placement_search(
    env_id: str, scenario: Scenario, settings: PlacementSearchSettings, seed: int, report: Report
) -> Learned:
    found = search_placement(scenario, settings, seed, report)
    return Learned(found.policy, found.epoch_steps, {}, _as_records(found.curve))


def _signals(env_id: str, scenario: Scenario, settings: SignalSettings, seed: int, report: Report) -> Learned:
    found = learn_signals(scenario, settings, seed, report)
    steps = settings.episodes * scenario.epoch.episode_epochs
    return Learned(found.policy, steps, {"correlation": found.correlation}, [])


def _rack(env_id: str, scenario: Scenario, settings: RackSettings, seed: int, report: Report) -> Learned:
    found = learn_rack(scenario, settings, seed)
    more = {"ridge": found.ridge, "caution": found.policy.caution}
    return Learned(found.policy, found.epoch_steps, more, [])


def _as_records(curve: Sequence[Any]) -> list[dict[str, Any]]:
    return [progress._asdict() for progress in curve]


_SEARCH, _REGRESSION = "cross-entropy method", "supervised regression"

LEARNERS: dict[type, Learner] = {
    SearchSettings: Learner(_SEARCH, _values),
    StructuredSettings: Learner("network over the set, decoded exactly", _structured),
    AllocationSettings: Learner(_SEARCH, _allocation),
    SchedulerSettings: Learner(_SEARCH, _scheduler),
    UploadSettings: Learner(_SEARCH, _uploads),
    CallSettings: Learner(_SEARCH, _calls),
    PlacementSettings: Learner(_REGRESSION, _placement),
    PlacementSearchSettings: Learner(_SEARCH, _placement_search),
    SignalSettings: Learner(_REGRESSION, _signals),
    RackSettings: Learner("ridge regression", _rack),
}
"""By the type of their settings."""
