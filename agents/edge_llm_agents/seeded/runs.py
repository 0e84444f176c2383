"""Runs of several seeds: each is judged on held-out workloads, and the median one's policy is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.evaluation.judging import CHECK_EPISODES, Judge
from edge_llm_agents.pretrained.saved_policies import Card, SavedPolicy, save_policy
from edge_llm_agents.records.record import write_record


class Asked(NamedTuple):
    """What the cards of all seeds' policies say alike."""

    scenario: str
    overrides: dict[str, Any]
    algorithm: str
    hyperparameters: dict[str, Any]


class Learned(NamedTuple):
    """What training with one seed came to."""

    policy: SavedPolicy
    training_steps: int
    more: dict[str, Any]
    """What else a card says of it."""
    curve: list[dict[str, Any]]
    """What was known of it on the way."""


class Run(NamedTuple):
    """One seed's training."""

    seed: int
    seconds: float
    learned: Learned


class Trained(NamedTuple):
    """What has been trained so far."""

    record: dict[str, Any]
    """Every seed's run."""
    policy: SavedPolicy
    """Of the seed that serves the median number of requests on the held-out workloads, or earns the median reward where
    policies are judged by that; the lower of two."""
    card: Card
    """Of that policy."""


def judge_runs(asked: Asked, runs: Iterable[Run], judge: Judge[Any, Any]) -> Iterator[Trained]:
    """Judge each run as it comes; after each what there is so far."""
    judged: list[dict[str, Any]] = []
    policies: list[SavedPolicy] = []
    for run in runs:
        policy, steps, more, curve = run.learned
        said = {"seed": run.seed, "seconds": run.seconds, "training_steps": steps}
        judged.append(said | more | judge.judge(policy.acting) | {"curve": curve})
        policies.append(policy)
        ascending = sorted(range(len(judged)), key=lambda at: judged[at][judge.measure.counts])
        median = ascending[(len(judged) - 1) // 2]
        record = asked._asdict() | {
            "scenario_fingerprint": judge.scenario.fingerprint(),
            "environment": policy.env_id,
            "references": judge.record,
            "median_seed": judged[median]["seed"],
            "runs": list(judged),
        }
        yield Trained(record, policies[median], card_of(record, judged[median], judge.seed))


def card_of(record: dict[str, Any], run: dict[str, Any], evaluation_seed: int) -> Card:
    """The card of a run's policy."""
    elsewhere = ("seed", "training_steps", "curve")
    return Card(
        scenario=record["scenario"],
        overrides=record["overrides"],
        algorithm=record["algorithm"],
        hyperparameters=record["hyperparameters"],
        seed=run["seed"],
        training_steps=run["training_steps"],
        evaluation={name: value for name, value in run.items() if name not in elsewhere}
        | {"references": record["references"], "seeds": [one["seed"] for one in record["runs"]]},
        check={"episodes": CHECK_EPISODES, "seed": evaluation_seed, "served": run["served_on_check_episodes"]},
    )


def save_training(trained: Trained, name: str, results: Path, policies: Path) -> list[Path]:
    """Write the record of all seeds to `results` and the median policy to `policies`; the files written."""
    file = results / f"train-{name}.json"
    write_record(file, trained.record)
    return [file, *save_policy(trained.policy, trained.card, policies / name)]
