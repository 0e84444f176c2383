"""Training with more to set and to record: runs that go on where they stopped, and several seeds, judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import tyro

from edge_llm_agents.commands.bars import Bars
from edge_llm_agents.commands.running import parsed_by_tyro
from edge_llm_agents.commands.training.judged import Judged, show_line
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID, TrainingSettings
from edge_llm_agents.masked_ppo.training import SETTINGS, train
from edge_llm_agents.seeded import admission
from edge_llm_agents.value_search.search import Progress, SearchSettings
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.system.command_line import DONE, INTERRUPTED


@dataclass(frozen=True)
class Source:
    """Where settings come from that no option sets."""

    env: str = ENV_ID
    scenario: str = TrainingSettings.scenario
    """A preset's name or the path of a TOML file."""
    algo: str = "ppo_mask"
    """Name of a file of hyperparameters that comes with the package: ppo_mask, ppo_mask_imitation."""
    config: Path | None = None
    """A file of your own instead."""


@dataclass(frozen=True)
class Run:
    """Train a policy; Ctrl-C saves, --resume goes on. --env, --algo and --config choose the defaults shown here."""

    training: tyro.conf.OmitArgPrefixes[TrainingSettings]
    run_dir: OutputFolder = Path("runs/batching")
    """Folder of checkpoints, TensorBoard files and settings."""
    resume: bool = False
    """Go on from the last checkpoint of the run folder, which is unpickled, or from the start if there is none yet."""

    @classmethod
    def parsed(cls, program: str, arguments: list[str]) -> Run:
        """The options; raises ValueError for a source of settings that there is not."""
        # The first pass shows no help, so that --help shows the chosen defaults.
        asked = [argument for argument in arguments if argument not in ("-h", "--help")]
        source, others = parsed_by_tyro(Source, program, asked, return_unknown_args=True)
        settings = read_settings(source.env, source.scenario, source.algo, source.config)
        if len(asked) < len(arguments):
            others.append("--help")
        return parsed_by_tyro(cls, program, ["--scenario", source.scenario, *others], default=cls(settings))

    def run(self) -> int:
        """Train as the options say; the exit status."""
        go_on = "go on with the same command and --resume"
        try:
            with Bars() as bars:
                _, finished = train(self.training, self.run_dir, resume=self.resume, report=bars)
        except KeyboardInterrupt:
            if (self.run_dir / SETTINGS).exists():
                raise KeyboardInterrupt(f"interrupted; {go_on}") from None
            raise
        saved = (self.run_dir / "last.zip").exists()
        print(f"{'trained' if finished else 'interrupted, saved' if saved else 'interrupted'}: {self.run_dir}/last.zip")
        print(f"best in validation: {self.run_dir}/best.zip" if finished else go_on)
        return DONE if finished else INTERRUPTED


@dataclass(frozen=True)
class BesideDFTSP(Judged):
    """Policies that are held against DFTSP and the look-ahead rule."""

    hindsight_episodes: int = 20
    """Of these, the first ones, that are also optimised in hindsight (some seconds each); 0 for none."""


@dataclass(frozen=True)
class Admission(BesideDFTSP):
    """Train with several seeds, judge each on held-out workloads, save the median policy and the record of all."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    algo: str = "ppo_mask_imitation"
    """Name of a file of hyperparameters that comes with the package."""
    config: Path | None = None
    """A file of your own instead."""
    imitate: str | None = None
    """Another teacher than the file's: dftsp, look-ahead, hindsight; of agent tasks task-admission, learned-calls."""
    name: str = "batching-carry-over"
    """Name of the policy and of the record."""
    run_dir: OutputFolder | None = None
    """Folder of the runs, each with its seed behind the name, runs/NAME if not given; the same command goes on where it
    was interrupted."""

    def run(self) -> None:
        """Train, judge, save."""
        settings = read_settings(ENV_ID, self.scenario, self.algo, self.config)
        if self.imitate is not None:
            settings = replace(settings, imitate=self.imitate)
        scenario, run_dir = load_scenario(self.scenario), self.run_dir or Path("runs") / self.name
        admission.check_runs(settings, self.seeds, run_dir, scenario)  # before anything is tuned and played
        judge = judge_of(ENV_ID, scenario, self.evaluation_episodes, self.hindsight_episodes, tell=show_line)
        try:
            with Bars() as bars:
                runs = admission.train_seeds(settings, self.seeds, run_dir, judge, report=bars)
                self.save(runs, self.name, judge)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted; the same command goes on") from None


@dataclass(frozen=True)
class Values(BesideDFTSP):
    """Search with several seeds, judge each on held-out workloads, save the median one and the record of all."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, float] = field(default_factory=dict)
    """Fields of the scenario to change, e.g. workload.arrivals.rate_per_s 10."""
    name: str = "value-carry-over"
    """Name of the policy and of the record."""
    search: tyro.conf.OmitArgPrefixes[SearchSettings] = field(default_factory=SearchSettings)

    def run(self) -> None:
        """Search, judge, save."""
        self.train(
            BATCH_SELECTION,
            self.scenario,
            self.search,
            self.name,
            show_percent,
            overrides=self.overrides,
            hindsight_episodes=self.hindsight_episodes,
        )


def show_percent(seed: int, progress: Progress) -> None:
    """Tell who watches a search what it reaches in validation, where that was looked at."""
    if progress.validation_percent_of_dftsp is not None:
        percent = f"{progress.validation_percent_of_dftsp:.3f} % of DFTSP in validation"
        show_line(f"seed {seed}, generation {progress.generation}: {percent}")
