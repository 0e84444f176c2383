"""What attention and less variance are worth in training: python scripts/ablate_training.py --steps 150000."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID
from edge_llm_agents.records.record import write_record
from edge_llm_env import ScenarioError
from edge_llm_env.support.naming import one_of
from experiments.learning.ablation import VARIANTS, ablate, comparison_variances


@dataclass(frozen=True)
class Options:
    """Train variants of MaskablePPO from scratch and evaluate each on held-out workloads."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    variants: tuple[str, ...] = tuple(VARIANTS)
    """See `experiments.learning.ablation.VARIANTS`."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Each variant is trained once with each."""
    steps: int = 150_000
    """Environment steps of each training."""
    evaluation_episodes: int = 200
    """Held-out workloads."""
    results: Path = Path("results")
    """Folder of ablation-<scenario>.json."""


def main(options: Options) -> int:
    """Train, evaluate, write; the exit status."""
    try:
        for name in options.variants:
            one_of("variants", name, VARIANTS)
        settings = replace(
            read_settings(ENV_ID, options.scenario, "ppo_mask"),
            steps=options.steps,
            checkpoint_every=max(1, options.steps // 5),
            hindsight_episodes=0,
        )
        report = {
            "settings": {name: value for name, value in asdict(options).items() if name != "results"},
            "variance_per_workload": comparison_variances(options.scenario, options.evaluation_episodes),
            "runs": [],
        }
        for run in ablate(settings, options.variants, options.seeds, options.evaluation_episodes):
            report["runs"].append(run)
            percent = run["percent_of_dftsp"]
            print(
                f"{run['variant']}, seed {run['seed']}: {percent['mean']:.2f} % of DFTSP "
                f"[{percent['low']:.2f}, {percent['high']:.2f}], {run['seconds']:.0f} s",
                flush=True,
            )
            write_record(options.results / f"ablation-{Path(options.scenario).stem}.json", report)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what was finished is written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
