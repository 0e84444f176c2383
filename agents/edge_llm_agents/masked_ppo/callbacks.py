"""What happens beside the learning: validation against DFTSP, checkpoints, the weight of the anchor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from edge_llm_agents.evaluation.playing import evaluate_model, evaluate_solver
from edge_llm_agents.evaluation.progress import Progress, Report
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.masked_ppo.state import training_state
from edge_llm_agents.records.files import save_model
from edge_llm_baselines import DFTSP
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight, one_model_bounds
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.system.files import write_bytes, write_text
from edge_llm_env.workload.streams import Stream, draw_workloads

HELD_ROLLOUTS, HOLD = 2, 100.0
"""Rollouts after imitation in which the actor is held near the clone, and how much more than later."""


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


class Reporting(BaseCallback):
    """Tells how many of the steps are done."""

    def __init__(self, steps: int, report: Report) -> None:
        super().__init__()
        self._steps, self._report = steps, report

    def _on_step(self) -> bool:
        self._report(Progress("training", min(self.num_timesteps, self._steps), self._steps))
        return True


class Checkpoints(BaseCallback):
    """At the start, every `checkpoint_every` steps and at the end: validate against DFTSP, keep the best, save.

    `progress` is what it knew at the checkpoint that a run goes on from. Checkpoints lie between rollouts, and so does
    the state that `save` writes at any time.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        scenario: Scenario,
        run_dir: Path,
        progress: dict[str, Any],
        validated: Callable[[int, float], None],
    ) -> None:
        super().__init__()
        self._settings, self._run_dir, self._progress, self._validated = settings, run_dir, progress, validated
        self._scenario = scenario
        self._workloads = draw_workloads(self._scenario, settings.validation_episodes, settings.seed, Stream.VALIDATION)
        self._oracle_served = evaluate_solver(DFTSP(), self._scenario, self._workloads).served
        known = self._workloads[: settings.hindsight_episodes if self._scenario.workload.tasks is None else 0]
        schedules = LagrangianHindsight(1, block_nodes=0)  # the bound is not needed
        self._hindsight_served = one_model_bounds(self._scenario, known, schedules).served if known else None
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
        self._validated(self.num_timesteps, percent)
