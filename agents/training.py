"""Training MaskablePPO on `EdgeLLM/Batching-v0`: settings, checkpoints, resumption."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.utils import LinearSchedule

from agents.demonstrations import TEACHERS
from agents.evaluation import evaluate_model, evaluate_solver
from agents.files import save_model, write_bytes, write_text
from agents.imitation import imitate
from agents.policies import AnchoredSetPolicy, SetPolicy
from agents.sb3_vec_env import EdgeVecEnv
from agents.threads import set_thread_counts
from agents.training_state import restore_training, training_state
from baselines import DFTSP, LagrangianHindsight, hindsight_bounds
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.naming import one_of
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

ENV_ID = "EdgeLLM/Batching-v0"

HELD_ROLLOUTS, HOLD = 4, 100.0
"""Rollouts after imitation in which the actor is held near the clone, and how much more than later."""


@dataclass(frozen=True)
class TrainingSettings:
    """How a policy is trained; the defaults reach DFTSP on `carry-over` in about three minutes on two cores."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    steps: int = 450_000
    """Environment steps (admissions and dispatches) in all."""
    seed: int = 0
    """Seeds the network, the exploration and the training tapes."""
    rows: int = 64
    """Environments stepped together."""
    rollout_steps: int = 128
    """Steps of each row between updates."""
    minibatch: int = 256
    """Steps per gradient step."""
    update_epochs: int = 4
    """Passes over a rollout."""
    learning_rate: float = 1e-3
    """At the start; it falls linearly to 0."""
    discount: float = 0.95
    """Per step, so about 0.6 per epoch: an admission's cost shows mostly before the next arrivals add their noise."""
    gae_lambda: float = 0.9
    """Bias against variance of the advantages."""
    entropy_coefficient: float = 0.0
    """Weight of the entropy bonus."""
    reward_scale: float = 0.05
    """Brings values to order one."""
    width: int = 64
    """Hidden width of the policy."""
    imitate: str = ""
    """What to clone before: a teacher (dftsp, look-ahead, hindsight) or demonstrations (.npz); nothing if empty."""
    imitation_tapes: int = 30
    """Tapes that each round of imitation plays."""
    anchor_weight: float = 0.02
    """After imitation, weight of the divergence from the cloned policy; it falls linearly to 0."""
    checkpoint_every: int = 50_000
    """Steps between checkpoints, and between validations."""
    validation_episodes: int = 40
    """Tapes that each validation runs, apart from training's and from evaluation's."""
    hindsight_tapes: int = 5
    """Of these, the first ones, that are also optimised in hindsight, for the gap closed; 0 for none."""

    def __post_init__(self) -> None:
        counts = ("steps", "rows", "rollout_steps", "minibatch", "update_epochs", "imitation_tapes", "checkpoint_every")
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")
        if not 0 <= self.hindsight_tapes <= self.validation_episodes:
            raise ValueError(f"hindsight_tapes = {self.hindsight_tapes}: must be in 0..{self.validation_episodes}")
        if self.imitate and not self.imitate.endswith(".npz"):
            one_of("imitate", self.imitate, TEACHERS)


def train(
    settings: TrainingSettings, run_dir: Path, *, resume: bool = False, progress_bar: bool = False
) -> tuple[MaskablePPO, bool]:
    """Train as set, into a run folder; the policy that validated best, and whether training ran to its end.

    The folder gets `settings.json`, TensorBoard files, `last.zip` at every checkpoint, and `best.zip`.
    Ctrl-C saves and returns. With `resume` training goes on from `last.zip`, to the same policy as if it had never been
    interrupted; what was learned after that checkpoint is learned again. Raises ValueError when the folder holds
    another run, or to resume there is none or one of other settings.
    """
    set_thread_counts()
    _claim(run_dir, settings, resume)
    scenario = load_scenario(settings.scenario)
    env = EdgeVecEnv(ENV_ID, settings.rows, scenario, reward_scale=settings.reward_scale)
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
            policy_kwargs={"width": settings.width},
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
    return (MaskablePPO.load(best, env=env) if best.exists() else model), finished


class AnchorWeight(BaseCallback):
    """After imitation, the weight of the divergence from the cloned policy: it falls linearly to 0.

    At first it is HOLD times as much: the critic, which imitation leaves untrained, would lead the actor astray.
    """

    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        self._settings = settings

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        settings = self._settings
        if settings.imitate:
            held = self.num_timesteps <= HELD_ROLLOUTS * settings.rows * settings.rollout_steps
            remaining = HOLD if held else max(0.0, 1.0 - self.num_timesteps / settings.steps)
            self.model.ent_coef = settings.anchor_weight * remaining  # type: ignore[attr-defined]


class Checkpoints(BaseCallback):
    """At the start, every `checkpoint_every` steps and at the end: validate against DFTSP, keep the best, save.

    `progress` is what it knew at the checkpoint that a run goes on from. Checkpoints lie between rollouts, and so does
    the state that `save` writes at any time.
    """

    def __init__(self, settings: TrainingSettings, run_dir: Path, progress: dict[str, Any]) -> None:
        super().__init__()
        self._settings, self._run_dir, self._progress = settings, run_dir, progress
        self._scenario = load_scenario(settings.scenario)
        self._workloads = draw_workloads(self._scenario, settings.validation_episodes, settings.seed, Stream.VALIDATION)
        self._oracle_served = evaluate_solver(DFTSP(), self._scenario, self._workloads).served
        known = self._workloads[: settings.hindsight_tapes]
        schedules = LagrangianHindsight(1, block_nodes=0)  # the bound is not needed
        self._hindsight_served = hindsight_bounds(self._scenario, known, schedules).served if known else None
        self._next = 0
        self._state = b""

    def save(self) -> None:
        """Write `last.zip` as of the last time between rollouts; nothing before training starts."""
        if self._state:
            write_bytes(self._run_dir / "last.zip", self._state)

    def _on_training_start(self) -> None:
        self._state = training_state(self.model, self._progress)
        if self.num_timesteps:  # the start is a checkpoint too
            self._plan()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self._between_rollouts(due=self.num_timesteps >= self._next)

    def _on_training_end(self) -> None:
        self._between_rollouts(due=True)

    def _plan(self) -> None:
        every = self._settings.checkpoint_every
        self._next = (self.num_timesteps // every + 1) * every

    def _between_rollouts(self, due: bool) -> None:
        if due:
            self._plan()
            self._validate()
        self._state = training_state(self.model, self._progress)
        if due:
            # After the validation: killed before this line, a run validates again, with the same outcome.
            self.save()

    def _validate(self) -> None:
        found = evaluate_model(self.model, self._scenario, self._workloads)
        percent = 100.0 * float(found.served.sum() / max(1, self._oracle_served.sum()))
        self.logger.record("validation/percent_of_dftsp", percent)
        self.logger.record("validation/throughput_per_s", float(found.throughput_per_s.mean()))
        self.logger.record("validation/expired", float(found.expired.mean()))
        for resource, used in zip(RESOURCES, found.utilisation.mean(axis=0), strict=True):
            self.logger.record(f"validation/utilisation_{resource}", float(used))
        if self._hindsight_served is not None:
            oracle = self._oracle_served[: len(self._hindsight_served)]
            gap = int((self._hindsight_served - oracle).sum())
            if gap > 0:
                gained = int((found.served[: len(oracle)] - oracle).sum())
                self.logger.record("validation/gap_closed_percent", 100.0 * gained / gap)
        self.logger.dump(self.num_timesteps)
        if percent > self._progress["best"]:
            self._progress["best"] = percent
            save_model(self.model, self._run_dir / "best.zip")
            report = {"steps": self.num_timesteps, "percent_of_dftsp": percent}
            write_text(self._run_dir / "best.json", json.dumps(report) + "\n")


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
