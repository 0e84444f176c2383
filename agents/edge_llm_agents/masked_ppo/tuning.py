"""Searching hyperparameters of an admission policy with Optuna."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.masked_ppo.training import train

SPACE: dict[str, Callable[[optuna.Trial], Any]] = {
    "learning_rate": lambda trial: trial.suggest_float("learning_rate", 1e-4, 3e-3, log=True),
    "discount": lambda trial: trial.suggest_float("discount", 0.5, 0.99),
    "discount_by_epoch": lambda trial: trial.suggest_categorical("discount_by_epoch", [False, True]),
    "gae_lambda": lambda trial: trial.suggest_float("gae_lambda", 0.7, 1.0),
    "update_epochs": lambda trial: trial.suggest_int("update_epochs", 1, 8),
    "minibatch": lambda trial: trial.suggest_categorical("minibatch", [128, 256, 512]),
    "width": lambda trial: trial.suggest_categorical("width", [32, 64, 128]),
    "anchor_weight": lambda trial: trial.suggest_float("anchor_weight", 1e-3, 0.3, log=True),
    "entropy_coefficient": lambda trial: trial.suggest_float("entropy_coefficient", 1e-5, 1e-2, log=True),
    "rows_per_workload": lambda trial: trial.suggest_categorical("rows_per_workload", [1, 4]),
}
"""How each field of `TrainingSettings` is drawn; `anchor_weight` only with imitation, `entropy_coefficient` without."""


def drawn_settings(trial: optuna.Trial, settings: TrainingSettings) -> TrainingSettings:
    """The settings with the fields of SPACE drawn anew."""
    unused = "entropy_coefficient" if settings.imitate else "anchor_weight"
    drawn = {name: draw(trial) for name, draw in SPACE.items() if name != unused}
    return replace(settings, **drawn)


def tune(settings: TrainingSettings, folder: Path, trials: int, seed: int) -> tuple[TrainingSettings, float]:
    """Search until there are that many trials, finished or pruned; the best settings, and their percent of DFTSP.

    What counts is the best validation of a run, on workloads that neither train nor evaluate it. A run that is worse
    than half of the others at the same step is pruned. `folder` has the journal of all trials, from which the same
    command goes on, and the run of the best trial so far. The sampler is seeded; a search that was interrupted draws
    other settings after it than one that was not.

    Raises ValueError for fewer than one trial, or where no trial has finished.
    """
    if trials < 1:
        raise ValueError(f"trials = {trials}: must be at least 1")
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("optuna.study._optimize").addFilter(_without_traceback)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.log"))),
        study_name=f"{settings.scenario}, imitating {settings.imitate or 'nobody'}, {settings.steps} steps",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
        direction="maximize",
        load_if_exists=True,
    )
    ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    left = trials - len(study.get_trials(deepcopy=False, states=ended))
    if left > 0:
        study.optimize(lambda trial: _percent(trial, settings, folder), n_trials=left)
    if not study.get_trials(deepcopy=False, states=ended[:1]):
        raise ValueError(f"folder = {folder}: none of its trials has finished")
    return drawn_settings(optuna.trial.FixedTrial(study.best_params), settings), study.best_value  # type: ignore[arg-type]


def _without_traceback(record: logging.LogRecord) -> bool:
    """Optuna says that a trial failed, and raises its error as well: a traceback beside that is one too many."""
    record.exc_info = None
    return True


def _percent(trial: optuna.Trial, settings: TrainingSettings, folder: Path) -> float:
    """The best validation of a trial's run."""
    found = [0.0]

    def validated(steps: int, percent_of_dftsp: float) -> None:
        found.append(max(found[-1], percent_of_dftsp))
        trial.report(found[-1], steps)
        if trial.should_prune():
            raise optuna.TrialPruned

    run_dir = folder / f"trial-{trial.number}"
    shutil.rmtree(run_dir, ignore_errors=True)
    try:
        _, finished = train(drawn_settings(trial, settings), run_dir, validated=validated)
        if not finished:
            raise KeyboardInterrupt
        done = [one for one in trial.study.trials if one.state == optuna.trial.TrialState.COMPLETE]
        if all(one.value is not None and found[-1] > one.value for one in done):
            shutil.rmtree(folder / "best", ignore_errors=True)
            shutil.copytree(run_dir, folder / "best")
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)
    return found[-1]
