"""`train.py generalisation`: a policy at other loads and on other models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import write_record
from edge_llm_env import load_scenario
from edge_llm_env.support.outputs import OutputFolder


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
