"""`train.py ablation`: what each way to less variance is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import settings_of, write_record
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Ablation:
    """Train variants of MaskablePPO from scratch and evaluate each on held-out workloads."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    variants: tuple[str, ...] = ()
    """See `experiments.learning.ablation.VARIANTS`; all of them if none is given."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Each variant is trained once with each."""
    steps: int = 150_000
    """Environment steps of each training."""
    evaluation_episodes: int = 200
    """Held-out workloads."""
    results: OutputFolder = Path("results")
    """Folder of ablation-<scenario>.json."""

    def run(self) -> None:
        """Train, evaluate, write after each."""
        from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
        from edge_llm_agents.masked_ppo.settings import ENV_ID
        from experiments.learning.ablation import VARIANTS, ablate, comparison_variances
        from experiments.learning.held_out import as_line

        options = replace(self, variants=self.variants or tuple(VARIANTS))
        for name in options.variants:
            one_of("variants", name, VARIANTS)
        settings = replace(
            read_settings(ENV_ID, self.scenario, "ppo_mask"),
            steps=self.steps,
            checkpoint_every=max(1, self.steps // 5),
            hindsight_episodes=0,
        )
        variances = comparison_variances(self.scenario, self.evaluation_episodes)
        runs: list[dict[str, Any]] = []
        report = {"settings": settings_of(options), "variance_per_workload": variances, "runs": runs}
        file = self.results / f"ablation-{Path(self.scenario).stem}.json"
        for run in ablate(settings, options.variants, self.seeds, self.evaluation_episodes):
            runs.append(run)
            print(f"{run['variant']}, {as_line(run)}", flush=True)
            write_record(file, report)
