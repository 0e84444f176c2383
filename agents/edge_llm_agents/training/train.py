"""`train`: a policy for any environment, by the algorithm that suits it or another."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
from gymnasium import spaces

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.progress import Progress, Report, tell_nobody
from edge_llm_agents.masked_ppo.callbacks import Reporting
from edge_llm_agents.masked_ppo.hyperparameter_files import algorithms, read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID
from edge_llm_agents.masked_ppo.training import train as train_masked
from edge_llm_agents.training.models import CONTINUOUS, new_model
from edge_llm_agents.training.trained import TrainedModel
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.search import Progress as GenerationProgress
from edge_llm_agents.value_search.search import SearchSettings, search
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.naming import one_of

VALUES_ENV = ValuePolicy.env_id

STEPS = 100_000
"""Environment steps of SB3's algorithms: about a minute for PPO."""


class Asked(NamedTuple):
    """What `train` was asked for."""

    env_id: str
    scenario: str | Path | Scenario
    algorithm: str
    seed: int
    steps: int | None
    network: str
    report: Report
    settings: dict[str, Any]


def train(
    env_id: str = ENV_ID,
    scenario: str | Path | Scenario = "carry-over",
    algorithm: str | None = None,
    *,
    seed: int = 0,
    steps: int | None = None,
    network: str = "set",
    report: Report = tell_nobody,
    **settings: Any,
) -> TrainedModel | ValuePolicy:
    """Train a policy from scratch; what comes back can be given to `compare`.

    `algorithm` is one of `algorithms_for(env_id)`, by default the first:

    - `Batching-v0`: `ppo_mask_imitation` (MaskablePPO that clones the look-ahead rule first) or `ppo_mask`, as their
      files of hyperparameters say (`edge_llm_agents.masked_ppo`); `settings` are fields of `TrainingSettings`.
    - `BatchSelection-v0`: `values` (the cross-entropy method; `settings` are fields of `SearchSettings`, `steps` has no
      meaning), or SB3's `ppo`, `sac` and `td3` over oracle decoding.
    - other environments: `ppo_mask` where actions are discrete, `ppo`, `sac` and `td3` where they are a Box; `settings`
      are SB3's, `network` is set (`edge_llm_agents.networks`) or mlp, `steps` 100,000 if not given.

    `report` hears how far it is. Equal arguments train equal policies. Raises ValueError for names and settings that
    there are not, and KeyboardInterrupt when Ctrl-C ends it.
    """
    environment(env_id)
    name = one_of("algorithm", algorithm or algorithms_for(env_id)[0], algorithms_for(env_id))
    set_thread_counts()
    asked = Asked(env_id, scenario, name, seed, steps, network, report, settings)
    if env_id == ENV_ID:
        return _masked(asked)
    return _values(asked) if name == "values" else _sb3(asked)


def algorithms_for(env_id: str) -> list[str]:
    """Names of the algorithms that train in an environment, the default first."""
    if env_id == ENV_ID:
        return sorted(algorithms(), reverse=True)
    if env_id == VALUES_ENV:
        return ["values", *CONTINUOUS]
    env = gym.make(env_id)
    discrete = isinstance(env.action_space, spaces.Discrete)
    env.close()
    return ["ppo_mask"] if discrete else list(CONTINUOUS)


def _masked(asked: Asked) -> TrainedModel:
    scenario = load_scenario(asked.scenario)
    named = scenario.name if isinstance(asked.scenario, Scenario) else str(asked.scenario)
    settings = read_settings(ENV_ID, named, asked.algorithm)
    changed = (
        {"hindsight_episodes": 0}
        | asked.settings
        | {"seed": asked.seed}
        | ({} if asked.steps is None else {"steps": asked.steps})
    )
    settings = _replaced(settings, changed)
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        model, finished = train_masked(settings, run_dir, scenario=scenario, report=asked.report)
    if not finished:
        raise KeyboardInterrupt
    return TrainedModel(model, ENV_ID, scenario)


def _values(asked: Asked) -> ValuePolicy:
    settings = _replaced(SearchSettings(), asked.settings)

    def tell(found: GenerationProgress) -> None:
        asked.report(Progress("training", found.generation, settings.generations))

    return search(load_scenario(asked.scenario), settings, asked.seed, tell).policy


def _sb3(asked: Asked) -> TrainedModel:
    scenario = load_scenario(asked.scenario)
    model = new_model(asked.env_id, scenario, asked.algorithm, asked.network, asked.seed, **asked.settings)
    steps = STEPS if asked.steps is None else asked.steps
    model.learn(steps, callback=Reporting(steps, asked.report))
    return TrainedModel(model, asked.env_id, scenario)


def _replaced(settings: Any, changed: dict[str, Any]) -> Any:
    for name in changed:
        one_of("settings", name, type(settings).__dataclass_fields__)
    return replace(settings, **changed)
