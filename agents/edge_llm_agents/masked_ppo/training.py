"""Training MaskablePPO on `EdgeLLM/Batching-v0` into a run folder, from the start or from where a run stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.utils import LinearSchedule

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.progress import Report, tell_nobody
from edge_llm_agents.imitation.cloning import imitate
from edge_llm_agents.masked_ppo.callbacks import AnchorWeight, Checkpoints, Reporting
from edge_llm_agents.masked_ppo.control_variate import AgainstDFTSP
from edge_llm_agents.masked_ppo.rollout_buffer import EpochRolloutBuffer
from edge_llm_agents.masked_ppo.settings import ENV_ID, TrainingSettings
from edge_llm_agents.masked_ppo.state import restore_training
from edge_llm_agents.networks.actor_critics import AnchoredSetPolicy, SetPolicy
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.system.files import write_text

SETTINGS, OUTCOME = "settings.json", "outcome.json"
"""Files of a run folder."""


def train(
    settings: TrainingSettings,
    run_dir: Path,
    *,
    resume: bool = False,
    scenario: Scenario | None = None,
    report: Report = tell_nobody,
    validated: Callable[[int, float], None] = lambda steps, percent_of_dftsp: None,
) -> tuple[MaskablePPO, bool]:
    """Train as set, into a run folder; the policy that validated best, and whether training ran to its end.

    The folder gets `settings.json`, TensorBoard files, `last.zip` at every checkpoint, `best.zip`, and at the end
    `outcome.json`, which `outcome_of` reads.
    Ctrl-C saves and returns. With `resume` training goes on from `last.zip`, to the same policy as if it had never been
    interrupted; what was learned after that checkpoint is learned again, and a run that was stopped before its first
    begins anew. That unpickles `last.zip`. Raises ValueError when the folder holds another run, or to resume there is
    none or one of other settings. `validated` hears of every validation, and ends
    the run by an exception of its own; `report` hears how far it is. `scenario` is that of the settings if not given.
    """
    started_s = time.perf_counter()
    set_thread_counts()
    scenario = scenario or load_scenario(settings.scenario)
    _claim(run_dir, settings, scenario, resume)
    env = EdgeVecEnv(
        ENV_ID,
        settings.rows,
        scenario,
        reward_scale=settings.reward_scale,
        wrapper=AgainstDFTSP if settings.against_dftsp else None,
        rows_per_workload=settings.rows_per_workload,
    )
    last, best = run_dir / "last.zip", run_dir / "best.zip"
    progress: dict[str, Any] = {"best": -1.0}
    begun = resume and last.exists()
    if begun:
        model, progress = restore_training(MaskablePPO, last, env, tensorboard_log=str(run_dir))
    else:
        # SB3 asks for the rate when a rollout has been counted: a fall to 0 would learn nothing from the last one.
        last_share = min(1.0, settings.rows * settings.rollout_steps / settings.steps)
        model = MaskablePPO(
            AnchoredSetPolicy if settings.imitate else SetPolicy,
            env,
            n_steps=settings.rollout_steps,
            batch_size=settings.minibatch,
            n_epochs=settings.update_epochs,
            learning_rate=LinearSchedule(settings.learning_rate, settings.learning_rate * last_share, 1.0),
            gamma=settings.discount,
            gae_lambda=settings.gae_lambda,
            ent_coef=settings.anchor_weight if settings.imitate else settings.entropy_coefficient,
            policy_kwargs={
                "width": settings.width,
                "encoder": settings.encoder,
                "extent": tuple(env.env.unwrapped.mechanism.extent(scenario)),
                "optimizer_kwargs": {"eps": 1e-5, "fused": True},  # SB3's own ε
            },
            rollout_buffer_class=EpochRolloutBuffer,
            rollout_buffer_kwargs={
                "discount_by_epoch": settings.discount_by_epoch,
                "rows_per_workload": settings.rows_per_workload,
            },
            tensorboard_log=str(run_dir),
            seed=settings.seed,
        )
        if settings.imitate:
            imitate(model, scenario, settings.imitate, settings.imitation_episodes, settings.seed, report)
            cast("AnchoredSetPolicy", model.policy).drop_anchor()
    checkpoints = Checkpoints(settings, scenario, run_dir, progress, validated)
    finished = True
    try:
        if model.num_timesteps < settings.steps:
            model.learn(
                settings.steps - model.num_timesteps,
                callback=CallbackList([AnchorWeight(settings), checkpoints, Reporting(settings.steps, report)]),
                reset_num_timesteps=not begun,
                tb_log_name="tensorboard",
            )
    except KeyboardInterrupt:
        finished = False
        checkpoints.save()
    seconds = time.perf_counter() - started_s + (outcome_of(run_dir, settings, scenario)["seconds"] if resume else 0.0)
    outcome = {"finished": finished, "steps": settings.steps, "seconds": round(seconds, 1)}
    write_text(run_dir / OUTCOME, json.dumps(outcome) + "\n")
    return (MaskablePPO.load(best, env=env) if best.exists() else model), finished


def outcome_of(run_dir: Path, settings: TrainingSettings, scenario: Scenario | None = None) -> dict[str, Any]:
    """Whether the run has taken all steps of the settings, and its seconds, without parts that were killed.

    `scenario` is that of the settings if not given. Raises ValueError when the folder holds a run of other settings;
    steps may differ.
    """
    if not (run_dir / OUTCOME).exists():
        return {"finished": False, "seconds": 0.0}
    check_settings(run_dir, settings, scenario or load_scenario(settings.scenario))
    written = json.loads((run_dir / OUTCOME).read_text())
    return written | {"finished": written["finished"] and written["steps"] >= settings.steps}


def _as_written(settings: TrainingSettings, scenario: Scenario) -> dict[str, Any]:
    """The settings of a run; its scenario counts by what is in it, not by its name or path."""
    return asdict(settings) | {"scenario_fingerprint": scenario.fingerprint()}


def check_settings(run_dir: Path, settings: TrainingSettings, scenario: Scenario) -> None:
    """Raises ValueError unless the run in a folder has these settings; steps may differ."""
    try:
        found = dict(json.loads((run_dir / SETTINGS).read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{run_dir / SETTINGS}: are no settings of a run: {error}") from None
    now = _as_written(settings, scenario)
    compared = [name for name in now if name not in ("steps", "scenario")]
    changed = [name for name in compared if found.get(name) != now[name]]
    if changed:
        raise ValueError(f"run_dir = {run_dir}: was trained with another {', '.join(changed)}; only steps may differ")


def _claim(run_dir: Path, settings: TrainingSettings, scenario: Scenario, resume: bool) -> None:
    """Make the run folder this run's own."""
    if resume:
        if not (run_dir / SETTINGS).exists():
            raise ValueError(f"run_dir = {run_dir}: nothing to resume, it holds no run; without resume one begins")
        check_settings(run_dir, settings, scenario)
    elif (run_dir / SETTINGS).exists():
        raise ValueError(f"run_dir = {run_dir}: holds another run; resume it or name another folder")
    run_dir.mkdir(parents=True, exist_ok=True)
    write_text(run_dir / SETTINGS, json.dumps(_as_written(settings, scenario), indent=2) + "\n")
