"""Train policies, and measure what there is to learn and how: python scripts/train.py --scenario carry-over."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import repository  # noqa: F401 (makes experiments importable)

from edge_llm_agents.commands.running import Command, run_command
from edge_llm_agents.records.record import write_record
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFolder


def settings_of(options: Any) -> dict[str, Any]:
    """What a record says of how it was made."""
    return {name: value for name, value in asdict(options).items() if name != "results"}


@dataclass(frozen=True)
class Continuous:
    """Train SB3 on the continuous environments for a minute each and compare; all that is not narrowed down."""

    task: tuple[str, ...] = ()
    """bandwidth, compute, joint, decoding"""
    algorithm: tuple[str, ...] = ()
    """ppo, sac, td3"""
    network: tuple[str, ...] = ()
    """mlp: SB3's multilayer perceptrons; set: the networks of edge_llm_agents.networks.sb3_policies."""
    seconds: float = 60.0
    """Of training."""
    episodes: int = 50
    """Held-out workloads."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of continuous_training.json."""

    def run(self) -> None:
        """Train and write after each."""
        from edge_llm_agents.continuous.tasks import TASKS
        from edge_llm_agents.continuous.training import train_continuous
        from edge_llm_agents.training.models import CONTINUOUS, NETWORKS

        records = []
        trained = product(self.task or TASKS, self.algorithm or CONTINUOUS, self.network or NETWORKS)
        for task, algorithm, network in trained:
            record = train_continuous(
                task, algorithm, network, seconds=self.seconds, episodes=self.episodes, seed=self.seed
            )
            means = ", ".join(f"{name} {mean:.1f}" for name, mean in record["served_per_episode"].items())
            steps = f"{record['steps']:,} steps"
            print(f"{task}, {algorithm}, {network}, {steps}: served per episode {means}", flush=True)
            records.append(record)
            write_record(self.results / "continuous_training.json", {"runs": records})


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
        report = {"settings": settings_of(options), "variance_per_workload": variances, "runs": []}
        file = self.results / f"ablation-{Path(self.scenario).stem}.json"
        for run in ablate(settings, options.variants, self.seeds, self.evaluation_episodes):
            report["runs"].append(run)
            print(f"{run['variant']}, {as_line(run)}", flush=True)
            write_record(file, report)


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
        report = {"settings": settings_of(options), "references": judge.record, "runs": []}
        for algorithm, seed in product(options.algorithms, self.seeds):
            run = explore(algorithm, judge, steps=self.steps, rows=self.rows, seed=seed)  # type: ignore[arg-type]
            report["runs"].append(run)
            above = run["difference_to_look_ahead_percent"]
            print(
                f"{algorithm}, seed {seed}: {run['percent_of_dftsp']:.2f} % of DFTSP, above look-ahead by "
                f"{above['mean']:+.3f} [{above['low']:+.3f}, {above['high']:+.3f}] %, {run['seconds']:.0f} s",
                flush=True,
            )
            file = self.results / f"explore-{judge.scenario.name}.json"
            write_record(file, report)


@dataclass(frozen=True)
class Generalisation:
    """Evaluate a policy where it was not trained, beside DFTSP and a look-ahead rule tuned there."""

    policy: str = "value-carry-over"
    """The name of a policy of the package, or the path of another without suffix."""
    rates_per_s: tuple[float, ...] = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0)
    """Arrival rates in its own scenario, requests/s."""
    decoders: tuple[str, ...] = ("bloom-7b1", "opt-13b")
    """Other models on its node."""
    decoder_rate_per_s: float = 2.5
    """Arrival rate for these, requests/s."""
    episodes: int = 100
    """Held-out workloads of each scenario."""
    seed: int = 0
    """Sets the workloads."""
    results: OutputFolder = Path("results")
    """Folder of generalisation-<policy>.json."""

    def run(self) -> None:
        """Evaluate, write and print."""
        from edge_llm_agents.pretrained.saved_policies import load_policy
        from experiments.learning.generalisation import generalisation, generalisation_table

        policy, _ = load_policy(self.policy)
        rate, other_rate = "workload.arrivals.rate_per_s", self.decoder_rate_per_s
        changes: dict[str, dict[str, Any]] = {f"{value:g} requests/s": {rate: value} for value in self.rates_per_s}
        for name in self.decoders:
            changes[f"{name}, {other_rate:g} requests/s"] = {"node.decoder": name, rate: other_rate}
        scenarios = {name: load_scenario(policy.scenario, **change) for name, change in changes.items()}
        records = list(generalisation(policy, scenarios, self.episodes, self.seed))
        name = Path(self.policy).name
        report = {"policy": name, "episodes": self.episodes, "seed": self.seed, "scenarios": records}
        write_record(self.results / f"generalisation-{name}.json", report)
        print(generalisation_table(records).text())


if __name__ == "__main__":
    from edge_llm_agents.commands.train import COMMANDS

    measured = {
        "continuous": Command(Continuous, "a minute of SB3 on the continuous environments"),
        "ablation": Command(Ablation, "what each way to less variance is worth"),
        "exploration": Command(Exploration, "other ways to a value function"),
        "generalisation": Command(Generalisation, "a policy at other loads and on other models"),
    }
    sys.exit(run_command("train.py", COMMANDS | measured, default="policy"))
