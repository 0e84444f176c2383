"""Training with several seeds: each run is judged on held-out workloads, and the median one's policy is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.evaluation.earnings import EarningRivals
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.evaluation.references import CHECK_EPISODES, References
from edge_llm_agents.evaluation.rivals import Rivals
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


def train_seeds(
    asked: Asked, learn: Callable[[int], Learned], seeds: Sequence[int], references: References | Rivals | EarningRivals
) -> Iterator[Trained]:
    """Learn with every seed and judge each on the references' workloads; after each what there is so far."""
    return judge_runs(asked, (_timed(learn, seed) for seed in seeds), references)


def _timed(learn: Callable[[int], Learned], seed: int) -> Run:
    started_s = time.perf_counter()
    learned = learn(seed)
    return Run(seed, time.perf_counter() - started_s, learned)


def judge_runs(asked: Asked, runs: Iterable[Run], references: References | Rivals | EarningRivals) -> Iterator[Trained]:
    """Judge each run as it comes; after each what there is so far."""
    earns = isinstance(references, EarningRivals)
    judged: list[dict[str, Any]] = []
    policies: list[SavedPolicy] = []
    for run in runs:
        policy, steps, more, curve = run.learned
        if isinstance(references, EarningRivals):
            found = references.judge(policy.acting)
        else:
            found = references.judge(partial(evaluate_learned, policy))
        said = {"seed": run.seed, "seconds": run.seconds, "training_steps": steps}
        judged.append(said | more | found | {"curve": curve})
        policies.append(policy)
        ascending = sorted(range(len(judged)), key=lambda at: judged[at]["reward" if earns else "served"])
        median = ascending[(len(judged) - 1) // 2]
        record = asked._asdict() | {
            "scenario_fingerprint": references.scenario.fingerprint(),
            "environment": policy.env_id,
            "references": references.as_record(),
            "median_seed": judged[median]["seed"],
            "runs": list(judged),
        }
        yield Trained(record, policies[median], card_of(record, judged[median], references.seed))


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
