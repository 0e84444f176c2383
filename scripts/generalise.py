"""A value policy at other loads and on another model: python scripts/generalise.py --policy value-carry-over."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.records.record import write_record
from edge_llm_env import ScenarioError, load_scenario
from experiments.learning.generalisation import generalisation, generalisation_table


@dataclass(frozen=True)
class Options:
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
    results: Path = Path("results")
    """Folder of generalisation-<policy>.json."""


def main(options: Options) -> int:
    """Evaluate, write and print; the exit status."""
    try:
        policy, card = load_policy(options.policy)
        rate = "workload.arrivals.rate_per_s"
        changes = {f"{value:g} requests/s": {rate: value} for value in options.rates_per_s}
        changes |= {
            f"{name}, {options.decoder_rate_per_s:g} requests/s": {
                "node.decoder": name,
                rate: options.decoder_rate_per_s,
            }
            for name in options.decoders
        }
        scenarios = {
            name: load_scenario(card.scenario, **(card.overrides | change)) for name, change in changes.items()
        }
        records = list(generalisation(policy, scenarios, options.episodes, options.seed))
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report = {
        "policy": Path(options.policy).name,
        "episodes": options.episodes,
        "seed": options.seed,
        "scenarios": records,
    }
    write_record(options.results / f"generalisation-{Path(options.policy).name}.json", report)
    print(generalisation_table(records).text())
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
