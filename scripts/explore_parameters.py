"""Other ways to a value function than the cross-entropy method: python scripts/explore_parameters.py."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import tyro

from edge_llm_agents.evaluation.references import References
from edge_llm_agents.records.record import write_record
from edge_llm_agents.value_search.exploration import Algorithm, explore
from edge_llm_env import ScenarioError, load_scenario


@dataclass(frozen=True)
class Options:
    """Train each algorithm, judge it on held-out workloads against DFTSP and look-ahead, write all of them down."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    algorithms: tuple[Algorithm, ...] = get_args(Algorithm)
    """See `edge_llm_agents.value_search.exploration`."""
    seeds: tuple[int, ...] = (0,)
    """Each algorithm is trained once with each."""
    steps: int = 200_000
    """Epoch steps of each training."""
    rows: int = 64
    """NodeState stepped together."""
    evaluation_episodes: int = 200
    """Held-out workloads."""
    results: Path = Path("results")
    """Folder of explore-<scenario>.json."""


def main(options: Options) -> int:
    """Train, judge, write; the exit status."""
    try:
        scenario = load_scenario(options.scenario)
        references = References(scenario, options.evaluation_episodes, hindsight_episodes=0, seed=0)
        settings = {name: value for name, value in asdict(options).items() if name != "results"}
        report = {"settings": settings, "references": references.as_record(), "runs": []}
        for algorithm in options.algorithms:
            for seed in options.seeds:
                run = explore(algorithm, references, steps=options.steps, rows=options.rows, seed=seed)
                report["runs"].append(run)
                above = run["difference_to_look_ahead_percent"]
                print(
                    f"{algorithm}, seed {seed}: {run['percent_of_dftsp']:.2f} % of DFTSP, above look-ahead by "
                    f"{above['mean']:+.3f} [{above['low']:+.3f}, {above['high']:+.3f}] %, {run['seconds']:.0f} s",
                    flush=True,
                )
                write_record(options.results / f"explore-{scenario.name}.json", report)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
