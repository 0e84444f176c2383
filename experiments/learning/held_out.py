"""Training once, timed, and judging what came of it on workloads that neither trained nor validated it."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from edge_llm_agents.evaluation.playing import evaluate_learned, evaluate_solver
from edge_llm_agents.masked_ppo.admission_policy import AdmissionPolicy
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.masked_ppo.training import train
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_baselines import DFTSP
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import draw_workloads


class HeldOut:
    """Held-out workloads of a preset, as many as `episodes`, and what DFTSP serves on them."""

    def __init__(self, scenario: str, episodes: int) -> None:
        self.scenario = load_scenario(scenario)
        self.workloads = draw_workloads(self.scenario, episodes, seed=0)
        self.oracle = evaluate_solver(DFTSP(), self.scenario, self.workloads).served.astype(np.float64)

    def train(self, settings: TrainingSettings) -> dict[str, Any]:
        """Train as set and judge the policy that validated best.

        `seconds` and `cpu_seconds`, those of this process, are of the training alone; so are those of `validations`,
        up to each. Raises KeyboardInterrupt where Ctrl-C ends the training.
        """
        started_s, started_cpu_s = time.perf_counter(), time.process_time()

        def taken() -> dict[str, float]:
            return {
                "seconds": round(time.perf_counter() - started_s, 1),
                "cpu_seconds": round(time.process_time() - started_cpu_s, 1),
            }

        validations: list[dict[str, Any]] = []
        with TemporaryDirectory() as folder:
            model, finished = train(
                settings,
                Path(folder) / "run",
                validated=lambda steps, percent: validations.append(
                    {"step": steps, "percent_of_dftsp": percent} | taken()
                ),
            )
        if not finished:
            raise KeyboardInterrupt
        trained = {"seed": settings.seed} | taken()
        served = evaluate_learned(AdmissionPolicy.of_model(model, self.scenario), self.scenario, self.workloads).served
        difference = paired_difference(served.astype(np.float64), self.oracle)
        percent = {
            part: 100.0 * (1.0 + value / float(self.oracle.mean())) for part, value in difference._asdict().items()
        }
        return trained | {"percent_of_dftsp": percent, "validations": validations}


def as_line(run: dict[str, Any]) -> str:
    """What `HeldOut.train` returned, for a reader."""
    percent = run["percent_of_dftsp"]
    return (
        f"seed {run['seed']}: {percent['mean']:.2f} % of DFTSP [{percent['low']:.2f}, {percent['high']:.2f}], "
        f"{run['seconds']:.0f} s, {run['cpu_seconds']:.0f} s of CPU"
    )
