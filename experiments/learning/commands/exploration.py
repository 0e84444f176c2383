"""`train.py exploration`: other ways to a value function."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import settings_of, write_record
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Exploration:
    """Train each algorithm as another way to a value function, judge it on held-out workloads, write all of them down.

    The algorithms are those of `edge_llm_agents.value_search.exploration`.
    """

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    algorithms: tuple[str, ...] = ()
    """All of them if none is given."""
    seeds: tuple[int, ...] = (0,)
    """Each algorithm is trained once with each."""
    steps: int = 200_000
    """Epoch steps of each training."""
    rows: int = 64
    """Rows stepped together."""
    evaluation_episodes: int = 200
    """Held-out workloads."""
    results: OutputFolder = Path("results")
    """Folder of explore-<scenario>.json."""

    def run(self) -> None:
        """Train, judge, write after each."""
        from typing import get_args

        from edge_llm_agents.evaluation.judges import judge_of
        from edge_llm_agents.value_search.exploration import Algorithm, explore

        known = get_args(Algorithm)
        options = replace(self, algorithms=self.algorithms or known)
        for name in options.algorithms:
            one_of("algorithms", name, known)
        judge = judge_of(BATCH_SELECTION, load_scenario(self.scenario), self.evaluation_episodes)
        runs: list[dict[str, Any]] = []
        report = {"settings": settings_of(options), "references": judge.record, "runs": runs}
        for algorithm, seed in product(options.algorithms, self.seeds):
            run = explore(algorithm, judge, steps=self.steps, rows=self.rows, seed=seed)  # type: ignore[arg-type]
            runs.append(run)
            above = run["difference_to_look_ahead_percent"]
            print(
                f"{algorithm}, seed {seed}: {run['percent_of_dftsp']:.2f} % of DFTSP, above look-ahead by "
                f"{above['mean']:+.3f} [{above['low']:+.3f}, {above['high']:+.3f}] %, {run['seconds']:.0f} s",
                flush=True,
            )
            file = self.results / f"explore-{judge.scenario.name}.json"
            write_record(file, report)
