"""Training MaskablePPO on `EdgeLLM/Batching-v0` into a run folder, from the start or from where a run stopped."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.utils import LinearSchedule

from agents.control_variate import AgainstDFTSP
from agents.files import write_text
from agents.imitation import imitate
from agents.policies import AnchoredSetPolicy, SetPolicy
from agents.rollout_buffer import EpochRolloutBuffer
from agents.sb3_vec_env import EdgeVecEnv
from agents.threads import set_thread_counts
from agents.training_callbacks import AnchorWeight, Checkpoints
from agents.training_settings import ENV_ID, TrainingSettings
from agents.training_state import restore_training
from edge_llm_env.scenarios import load_scenario


def train(
    settings: TrainingSettings, run_dir: Path, *, resume: bool = False, progress_bar: bool = False
) -> tuple[MaskablePPO, bool]:
    """Train as set, into a run folder; the policy that validated best, and whether training ran to its end.

    The folder gets `settings.json`, TensorBoard files, `last.zip` at every checkpoint, `best.zip`, and at the end
    `seconds.json`, how long this took in all.
    Ctrl-C saves and returns. With `resume` training goes on from `last.zip`, to the same policy as if it had never been
    interrupted; what was learned after that checkpoint is learned again. Raises ValueError when the folder holds
    another run, or to resume there is none or one of other settings.
    """
    started_s = time.perf_counter()
    set_thread_counts()
    _claim(run_dir, settings, resume)
    scenario = load_scenario(settings.scenario)
    env = EdgeVecEnv(
        ENV_ID,
        settings.rows,
        scenario,
        reward_scale=settings.reward_scale,
        wrapper=AgainstDFTSP if settings.against_dftsp else None,
        tape_rows=settings.tape_rows,
    )
    last, best = run_dir / "last.zip", run_dir / "best.zip"
    progress: dict[str, Any] = {"best": 0.0}
    if resume:
        model, progress = restore_training(MaskablePPO, last, env, tensorboard_log=str(run_dir))
    else:
        model = MaskablePPO(
            AnchoredSetPolicy if settings.imitate else SetPolicy,
            env,
            n_steps=settings.rollout_steps,
            batch_size=settings.minibatch,
            n_epochs=settings.update_epochs,
            learning_rate=LinearSchedule(settings.learning_rate, 0.0, 1.0),
            gamma=settings.discount,
            gae_lambda=settings.gae_lambda,
            ent_coef=settings.anchor_weight if settings.imitate else settings.entropy_coefficient,
            policy_kwargs={"width": settings.width, "encoder": settings.encoder},
            rollout_buffer_class=EpochRolloutBuffer,
            rollout_buffer_kwargs={
                "discount_by_epoch": settings.discount_by_epoch,
                "tape_rows": settings.tape_rows,
            },
            tensorboard_log=str(run_dir),
            seed=settings.seed,
        )
        if settings.imitate:
            imitate(model, scenario, settings.imitate, settings.imitation_tapes, settings.seed)
            cast("AnchoredSetPolicy", model.policy).drop_anchor()
    checkpoints = Checkpoints(settings, run_dir, progress)
    finished = True
    try:
        if model.num_timesteps < settings.steps:
            model.learn(
                settings.steps - model.num_timesteps,
                callback=CallbackList([AnchorWeight(settings), checkpoints]),
                reset_num_timesteps=not resume,
                tb_log_name="tensorboard",
                progress_bar=progress_bar,
            )
    except KeyboardInterrupt:
        finished = False
        checkpoints.save()
    seconds = seconds_of(run_dir) + time.perf_counter() - started_s
    write_text(run_dir / "seconds.json", json.dumps({"seconds": round(seconds, 1)}) + "\n")
    return (MaskablePPO.load(best, env=env) if best.exists() else model), finished


def seconds_of(run_dir: Path) -> float:
    """How long a run has taken, all its parts that came to their end or were interrupted by Ctrl-C; 0 without any."""
    file = run_dir / "seconds.json"
    return float(json.loads(file.read_text())["seconds"]) if file.exists() else 0.0


def _claim(run_dir: Path, settings: TrainingSettings, resume: bool) -> None:
    """Make the run folder this run's own."""
    file = run_dir / "settings.json"
    wanted = asdict(settings)
    if resume:
        if not (run_dir / "last.zip").exists():
            raise ValueError(f"run_dir = {run_dir}: nothing to resume, it holds no last.zip")
        found = json.loads(file.read_text())
        changed = [name for name, value in wanted.items() if name != "steps" and found.get(name) != value]
        if changed:
            raise ValueError(
                f"run_dir = {run_dir}: was trained with another {', '.join(changed)}; only steps may differ"
            )
    elif file.exists():
        raise ValueError(f"run_dir = {run_dir}: holds another run; resume it or name another folder")
    run_dir.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(wanted, indent=2) + "\n")
