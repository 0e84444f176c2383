"""Find value functions by the cross-entropy method: python scripts/train_values.py --scenario carry-over."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from edge_llm_agents.evaluation.references import References
from edge_llm_agents.seeded.runs import as_line, save_training
from edge_llm_agents.seeded.values import train_seeds
from edge_llm_agents.value_search.search import Progress, SearchSettings
from edge_llm_env import ScenarioError, load_scenario


@dataclass(frozen=True)
class Options:
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. workload.arrivals.rate_per_s 10."""
    name: str = "value-carry-over"
    """Name of the policy and of the record."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One search each."""
    search: tyro.conf.OmitArgPrefixes[SearchSettings] = field(default_factory=SearchSettings)
    evaluation_episodes: int = 200
    """Held-out workloads that every policy is judged on."""
    hindsight_episodes: int = 20
    """Of these, the first ones, that are also optimised in hindsight (some seconds each); 0 for none."""
    results: Path = Path("results")
    """Folder of the record."""
    policies: Path = Path("results")
    """Folder of the policy; agents/edge_llm_agents/pretrained to ship it."""


def main(options: Options) -> int:
    """Search, judge, save; the exit status."""

    def show(seed: int, progress: Progress) -> None:
        if progress.validation_percent_of_dftsp is not None:
            percent = f"{progress.validation_percent_of_dftsp:.3f} % of DFTSP in validation"
            print(f"seed {seed}, generation {progress.generation}: {percent}", file=sys.stderr, flush=True)

    try:
        scenario = load_scenario(options.scenario, **options.overrides)
        if not options.seeds:
            raise ValueError("seeds: must have at least one")
        references = References(scenario, options.evaluation_episodes, options.hindsight_episodes, seed=0)
        training = train_seeds(options.scenario, options.overrides, options.search, options.seeds, references, show)
        for trained in training:
            print(as_line(trained.record["runs"][-1]), flush=True)
            written = save_training(trained, options.name, options.results, options.policies)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written: {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
