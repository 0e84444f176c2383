"""Training an admission policy, MaskablePPO on `EdgeLLM/Batching-v0`, with several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sb3_contrib import MaskablePPO
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.evaluation.progress import Report, tell_nobody
from edge_llm_agents.masked_ppo.admission_policy import AdmissionPolicy
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.masked_ppo.training import SETTINGS, check_settings, outcome_of, train
from edge_llm_agents.seeded.runs import Asked, Learned, Run, Trained, judge_runs
from edge_llm_env.scenarios import Scenario

VALIDATED = "validation/percent_of_dftsp"


def train_seeds(
    settings: TrainingSettings,
    seeds: Sequence[int],
    run_dir: Path,
    judge: Judge[Any, Any],
    *,
    report: Report = tell_nobody,
) -> Iterator[Trained]:
    """Train with every seed in a folder of its own, `run_dir`-seed, and judge each; after each what there is so far.

    The scenario is that of `judge`; the settings' says only what the record calls it.
    A run that has finished is taken as it is, one that was interrupted goes on. Raises ValueError for a folder of other
    settings, and KeyboardInterrupt where Ctrl-C ends a run.
    """
    set_thread_counts()
    hyperparameters = {name: value for name, value in asdict(settings).items() if name not in ("scenario", "seed")}
    algorithm = "MaskablePPO" + (f" after imitation of {settings.imitate}" if settings.imitate else "")
    asked = Asked(settings.scenario, {}, algorithm, hyperparameters)
    runs = (_run(replace(settings, seed=seed), judge.scenario, _folder(run_dir, seed), report) for seed in seeds)
    return judge_runs(asked, runs, judge)


def check_runs(settings: TrainingSettings, seeds: Sequence[int], run_dir: Path, scenario: Scenario) -> None:
    """Raises ValueError where the folder of a seed holds a run of other settings, which `train_seeds` cannot go on."""
    for seed in seeds:
        if (_folder(run_dir, seed) / SETTINGS).exists():
            check_settings(_folder(run_dir, seed), replace(settings, seed=seed), scenario)


def _folder(run_dir: Path, seed: int) -> Path:
    return run_dir.with_name(f"{run_dir.name}-{seed}")


def _run(settings: TrainingSettings, scenario: Scenario, run_dir: Path, report: Report) -> Run:
    if not outcome_of(run_dir, settings, scenario)["finished"]:
        resume = (run_dir / SETTINGS).exists()
        _, finished = train(settings, run_dir, resume=resume, scenario=scenario, report=report)
        if not finished:
            raise KeyboardInterrupt
    policy = AdmissionPolicy.of_model(MaskablePPO.load(run_dir / "best.zip"), scenario)
    learned = Learned(policy, settings.steps, {}, learning_curve(run_dir))
    # Of all the processes that it took, where it was interrupted.
    return Run(settings.seed, outcome_of(run_dir, settings, scenario)["seconds"], learned)


def learning_curve(run_dir: Path) -> list[dict[str, Any]]:
    """What each validation of a run found, from its TensorBoard files, step by step."""
    points: dict[int, float] = {}
    for folder in sorted(run_dir.glob("tensorboard_*")):
        events = EventAccumulator(str(folder)).Reload()
        if VALIDATED in events.Tags()["scalars"]:
            points |= {event.step: event.value for event in events.Scalars(VALIDATED)}
    return [{"step": step, "validation_percent_of_dftsp": points[step]} for step in sorted(points)]
