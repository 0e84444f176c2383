"""`train`: a policy for any environment, by the algorithm that suits it or another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.progress import Report, tell_nobody
from edge_llm_agents.masked_ppo.callbacks import Reporting
from edge_llm_agents.masked_ppo.settings import ENV_ID, LARGEST_SEED
from edge_llm_agents.pretrained.saved_policies import SavedPolicy
from edge_llm_agents.training.models import ALGORITHMS, fitting, networks_of, new_model
from edge_llm_agents.training.registered import Asked, training_of
from edge_llm_agents.training.suite import register_suite
from edge_llm_agents.training.trained import TrainedModel
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import one_of

STEPS = 100_000
"""Environment steps of SB3's algorithms: about a minute for PPO."""


@checked
def train(
    env_id: str = ENV_ID,
    scenario: str | Path | Scenario = "carry-over",
    algorithm: str | None = None,
    *,
    seed: int = 0,
    steps: int | None = None,
    network: str | None = None,
    report: Report = tell_nobody,
    **settings: Any,
) -> TrainedModel | SavedPolicy:
    """Train a policy from scratch; what comes back can be given to `compare`.

    `algorithm` is one of `algorithms_for(env_id)`, by default the first:

    - `Batching-v0`: `ppo_mask_imitation` (MaskablePPO that clones the look-ahead rule first) or `ppo_mask`, as their
      files of hyperparameters say (`edge_llm_agents.masked_ppo`); `settings` are fields of `TrainingSettings`.
    - `BatchSelection-v0`: `values` (the cross-entropy method; `settings` are fields of `SearchSettings`, `steps` has no
      meaning), SB3's `ppo`, `sac` and `td3` over oracle decoding, or, for agent tasks with signals, `tasks`
      (regression; `settings` are fields of `SignalSettings`, `steps` is one of them).
    - `Bandwidth-v0`, `Compute-v0`, `Joint-v0`: `allocation` (the cross-entropy method; `settings` are fields of
      `AllocationSettings`, `steps` has no meaning), or SB3's `ppo`, `sac` and `td3`.
    - `ContinuousBatching-v0`: `scheduler` (the cross-entropy method; `settings` are fields of `SchedulerSettings`,
      `steps` has no meaning), `ppo_mask_imitation` (MaskablePPO over both sets that clones the tuned rule first;
      `settings` are SB3's), or `ppo_mask`.
    - `ServiceLevel-v0`: SB3's `ppo`, `sac` and `td3` over level decoding, or `levels` (the cross-entropy method's
      modules with exact levels, where variants load; `settings` are fields of `AllocationSettings`, `steps` has no
      meaning).
    - `MultiNode-v0`: `placement`, and `Scaling-v0`: `forecast` (regressions of what comes, by which a rule plans), or
      SB3's.
    - SB3's, there and in other environments, by their actions: `ppo_mask` where discrete ones are masked, `ppo` where
      they are not, `dqn` for both, which knows nothing of masks, `ppo`, `sac` and `td3` where they are a Box;
      `settings` are SB3's, `network` is set (`edge_llm_agents.networks`) or mlp, `steps` 100,000 if not given.

    What is registered against the id (`edge_llm_agents.training.registered`) says more: its own algorithms, and the
    network that is taken if none is given.

    `report` hears how far it is. Equal arguments train equal policies. Raises ValueError for names and settings that
    there are not, and KeyboardInterrupt when Ctrl-C ends it.
    """
    known = algorithms_for(env_id)
    name = one_of("algorithm", algorithm or known[0], known)
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed = {seed}: must be in 0..{LARGEST_SEED}")
    set_thread_counts()
    training = training_of(env_id)
    has = name not in ALGORITHMS or training.network in networks_of(name, env_id)
    asked = Asked(
        env_id, scenario, name, seed, steps, network or (training.network if has else "mlp"), report, settings
    )
    return {**training.of_some, **training.ways}.get(name, _sb3)(asked)


def algorithms_for(env_id: str) -> list[str]:
    """Names of the algorithms that train in an environment, the default first."""
    training = training_of(env_id)
    return list(dict.fromkeys([*training.ways, *fitting(env_id), *training.of_some]))


def _sb3(asked: Asked) -> TrainedModel:
    scenario = load_scenario(asked.scenario)
    model = new_model(asked.env_id, scenario, asked.algorithm, asked.network, asked.seed, **asked.settings)
    steps = STEPS if asked.steps is None else asked.steps
    model.learn(steps, callback=Reporting(steps, asked.report))
    return TrainedModel(model, asked.env_id, scenario)


register_suite()
