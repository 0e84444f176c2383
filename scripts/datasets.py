"""Store teachers' episodes: python scripts/datasets.py --episodes 100."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)

from edge_llm_agents.commands.running import Command, run_command
from edge_llm_env import load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFile, OutputFolder


@dataclass(frozen=True)
class Minari:
    """Store episodes of teachers as Minari datasets, named EdgeLLM/Batching/SCENARIO/TEACHER-v0.

    minari.load_dataset reads them back; nothing is downloaded. The stored seed of an episode begins it anew.
    """

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    teachers: tuple[str, ...] = ()
    """Of dftsp, look-ahead and hindsight, which takes some seconds per episode; without any, all."""
    envs: tuple[str, ...] = ()
    """One dataset for each teacher in each; without any, every environment in which the teachers can act."""
    episodes: int = 100
    """Of each dataset."""
    seed: int = 0
    """Seeds the episodes and the tuning of the look-ahead rule."""
    root: OutputFolder | None = None
    """Folder of datasets, Minari's own if not given; Minari finds them there if MINARI_DATASETS_PATH names it."""
    force: bool = False
    """Replace datasets that are there already."""

    def run(self) -> None:
        """Make the datasets one by one."""
        from edge_llm_agents.imitation.demonstrations import TEACHERS
        from experiments.learning.datasets import default_root, make_dataset, taught

        root = self.root or default_root()
        teachers, envs = self.teachers or TEACHERS, self.envs or taught()
        for field, names, known in (("teachers", teachers, TEACHERS), ("envs", envs, taught())):
            for name in names:
                one_of(field, name, known)  # all of them before the first dataset
        for env_id in envs:
            for teacher in teachers:
                name = make_dataset(self.scenario, teacher, env_id, self.episodes, self.seed, root, force=self.force)
                print(f"{name}: {root / name}", flush=True)


@dataclass(frozen=True)
class Demonstrations:
    """Store states of EdgeLLM/Batching-v0 and the slots that a teacher would still admit in each."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    teacher: str = "look-ahead"
    """dftsp, look-ahead or hindsight (some seconds per workload)."""
    episodes: int = 100
    seed: int = 0
    """Seeds the workloads and the order of admissions."""
    out: OutputFile = Path("demonstrations.npz")
    """For scripts/train.py run --imitate."""

    def run(self) -> None:
        """Play and store."""
        from edge_llm_agents.imitation.demonstrations import demonstrate, teacher_of
        from edge_llm_env.workload.streams import Stream, draw_workloads

        scenario = load_scenario(self.scenario)
        make_teacher = teacher_of(self.teacher, scenario, self.seed)
        workloads = draw_workloads(scenario, self.episodes, self.seed, Stream.DEMONSTRATION)
        found = demonstrate(make_teacher(workloads), scenario, workloads, seed=self.seed)
        found.save(self.out)
        print(f"{len(found.observations):,} states of {self.episodes} workloads: {self.out}")


COMMANDS = {
    "minari": Command(Minari, "episodes as Minari datasets", "datasets"),
    "demonstrations": Command(Demonstrations, "states and what a teacher would admit, for imitation"),
}

if __name__ == "__main__":
    sys.exit(run_command("datasets.py", COMMANDS, default="minari"))
