"""Training a value function with several seeds, judging each on held-out tapes, and keeping the median one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from agents.files import write_text
from agents.policy_files import Card, save_policy
from agents.references import CHECK_TAPES, References
from agents.value_policy import ValuePolicy
from agents.value_search import Progress, SearchSettings, search
from edge_llm_env.scenarios import load_scenario

ALGORITHM = "cross-entropy method"


class Trained(NamedTuple):
    """What has been trained so far."""

    record: dict[str, Any]
    """Every seed's run."""
    policy: ValuePolicy
    """Of the seed that serves the median number of requests on the held-out tapes, the lower of two."""
    card: Card
    """Of that policy."""


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: SearchSettings,
    seeds: Sequence[int],
    references: References,
    report: Callable[[int, Progress], None] = lambda seed, progress: None,
) -> Iterator[Trained]:
    """Search with every seed and judge each; after each what there is so far."""
    scenario = load_scenario(scenario_name, **overrides)
    runs: list[dict[str, Any]] = []
    policies: list[ValuePolicy] = []
    for seed in seeds:
        started_s = time.perf_counter()
        found = search(scenario, settings, seed, lambda progress, seed=seed: report(seed, progress))  # type: ignore[misc]
        seconds = time.perf_counter() - started_s
        curve = [progress._asdict() for progress in found.curve]
        run = {"seed": seed, "seconds": seconds, "epoch_steps": found.epoch_steps, "first_discount": found.discount}
        runs.append(run | references.judge(found.policy) | {"curve": curve})
        policies.append(found.policy)
        by_served = sorted(range(len(runs)), key=lambda at: runs[at]["served"])
        median = by_served[(len(runs) - 1) // 2]
        record = {
            "scenario": scenario_name,
            "overrides": overrides,
            "scenario_fingerprint": scenario.fingerprint(),
            "algorithm": ALGORITHM,
            "hyperparameters": asdict(settings),
            "references": references.as_record(),
            "median_seed": runs[median]["seed"],
            "runs": runs,
        }
        yield Trained(record, policies[median], card_of(record, runs[median], references.seed))


def card_of(record: dict[str, Any], run: dict[str, Any], evaluation_seed: int) -> Card:
    """The card of a run's policy."""
    elsewhere = ("seed", "epoch_steps", "curve")
    return Card(
        scenario=record["scenario"],
        overrides=record["overrides"],
        algorithm=record["algorithm"],
        hyperparameters=record["hyperparameters"],
        seed=run["seed"],
        epoch_steps=run["epoch_steps"],
        evaluation={name: value for name, value in run.items() if name not in elsewhere}
        | {"references": record["references"], "seeds": [one["seed"] for one in record["runs"]]},
        check={"tapes": CHECK_TAPES, "seed": evaluation_seed, "served": run["served_on_check_tapes"]},
    )


def save_training(trained: Trained, name: str, results: Path, policies: Path) -> list[Path]:
    """Write the record of all seeds to `results` and the median policy to `policies`; the files written."""
    file = results / f"train-{name}.json"
    write_text(file, json.dumps(trained.record, indent=1) + "\n")
    return [file, *save_policy(trained.policy, trained.card, policies / name)]
