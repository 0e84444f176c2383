"""Certified intervals: what the best policy known serves, and what no policy that does not know the future can."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_llm_env.scenarios import list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts
from experiments.pages.scenarios import played_in

LEFT_OUT = ("results", "scenarios", "environment")
"""Settings that an entry's do not have: its environments stand beside them."""


@dataclass(frozen=True)
class Certificates:
    """Certify what presets can reach without knowing the future; write certificates.json after each, and print it.

    The lower end is the best of the rules that are tuned, of some that sample futures and of the package's policies,
    the upper end information relaxation with a penalty fitted on tuning workloads, where one is known and lowers the
    bound, or else hindsight's bound (docs/certificates.md). What the file holds of other scenarios is kept, and a
    scenario that it holds with the same settings is not certified again.
    """

    scenarios: tuple[str, ...] = ()
    """Presets' names, or paths of TOML files; without any, all presets but those of engines and those that replay a
    trace."""
    environment: str | None = None
    """Id of an environment that the bound must hold in; without one that which a preset is compared in, or the first
    that has the scenario's bands, modules or nodes to decide on."""
    episodes: int = 24
    """Evaluation workloads that both ends are of."""
    expectation_episodes: int = 5000
    """Workloads that the expectation of arrivals is taken of."""
    fit_episodes: int = 24
    """Tuning workloads that the penalty is fitted on."""
    fit_steps: int = 150
    """Steps of the fit; 0 for no penalty."""
    iterations: int = 150
    """Of the descent to one workload's bound."""
    block_nodes: int = 30_000_000
    """Visited by the searches of one workload's blocks, where batches are bounded: half a minute, or seconds with a
    tenth of it."""
    window_epochs: tuple[int, ...] = (10, 17, 25)
    """Lengths of the windows that an episode is cut into there, mixed-integer programmes for HiGHS: the lowest bound
    counts. None without any."""
    window_nodes: int = 1000
    """Of the search of each window: ten seconds a workload, or a minute where they are hard."""
    penalties: tuple[str, ...] = ("arrivals", "channels")
    """What the penalty is made of: those of arrivals and channels that a scenario has are taken."""
    samples: tuple[int, ...] = (5,)
    """Futures of each of the policies that sample them."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of certificates.json."""

    def run(self) -> None:
        """Certify, write after each scenario, print the table of those that were asked for."""
        from edge_llm_baselines.certificates.unpenalised import bounded_environments
        from experiments.certificates.certifying import DEPENDENCES, Effort, certify
        from experiments.certificates.record import is_certified, read_entries, write_entries
        from experiments.certificates.table import certificates_table

        check_counts(least=2, episodes=self.episodes, expectation_episodes=self.expectation_episodes)
        check_counts(fit_episodes=self.fit_episodes, iterations=self.iterations)
        check_counts(least=0, fit_steps=self.fit_steps, block_nodes=self.block_nodes)
        check_counts(window_nodes=self.window_nodes)
        for name in self.penalties:
            one_of("penalties", name, DEPENDENCES)
        for number in self.samples:
            check_counts(samples=number)
        for number in self.window_epochs:
            check_counts(window_epochs=number)
        file = self.results / "certificates.json"
        effort = Effort(**{name: value for name, value in asdict(self).items() if name not in LEFT_OUT})
        settings = {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(effort).items()}
        names = []
        for one in self.scenarios or certifiable_presets():
            scenario = load_scenario(one)
            names.append(scenario.name)
            environments = bounded_environments(scenario, self.environment or played_in(one))
            if is_certified(read_entries(file), scenario.name, scenario.fingerprint(), environments, settings):
                print(f"{scenario.name}: certified already, in {file}", file=sys.stderr)
                continue
            print(f"{scenario.name} ...", file=sys.stderr, flush=True)
            entry = certify(scenario, effort, environments) | {"settings": settings}
            write_entries(file, read_entries(file) | {scenario.name: entry})  # others may have been added meanwhile
        entries = read_entries(file)
        asked = {"scenarios": [entries[name] for name in dict.fromkeys(names)]}
        print(certificates_table(asked).text())


def certifiable_presets() -> list[str]:
    """Names of the presets of environments whose steps are epochs, those that replay a trace left out."""
    contents = {name: preset_content(name) for name in list_scenarios()}
    return [
        name
        for name, content in contents.items()
        if "iterations" not in content and content["workload"]["arrivals"]["kind"] != "trace"
    ]
