"""Store what a teacher does on workloads: python scripts/demonstrate.py --teacher look-ahead --episodes 100."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from edge_llm_agents.imitation.demonstrations import demonstrate, teacher_of
from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads


@dataclass(frozen=True)
class Options:
    """Store states of EdgeLLM/Batching-v0 and the slots that a teacher would still admit in each."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    teacher: str = "look-ahead"
    """dftsp, look-ahead or hindsight (some seconds per workload)."""
    episodes: int = 100
    seed: int = 0
    """Seeds the workloads and the order of admissions."""
    out: Path = Path("demonstrations.npz")
    """For scripts/train.py --imitate."""


def main(options: Options) -> int:
    """Play and store; the exit status."""
    try:
        scenario = load_scenario(options.scenario)
        make_teacher = teacher_of(options.teacher, scenario, options.seed)
        workloads = draw_workloads(scenario, options.episodes, options.seed, Stream.DEMONSTRATION)
        found = demonstrate(make_teacher(workloads), scenario, workloads, seed=options.seed)
        found.save(options.out)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(found.observations):,} states of {options.episodes} workloads: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
