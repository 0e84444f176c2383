"""Training with several seeds: each run is judged on held-out workloads, and the median one's policy is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.evaluation.references import CHECK_EPISODES, References
from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.pretrained.saved_policies import Card, SavedPolicy, save_policy
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.records.record import write_record


class Run(NamedTuple):
    """One seed's training."""

    seed: int
    seconds: float
    training_steps: int
    policy: SavedPolicy
    curve: list[dict[str, Any]]
    """What was known of it on the way."""
    more: dict[str, Any]
    """What else a card says of it."""


class Trained(NamedTuple):
    """What has been trained so far."""

    record: dict[str, Any]
    """Every seed's run."""
    policy: SavedPolicy
    """Of the seed that serves the median number of requests on the held-out workloads, the lower of two."""
    card: Card
    """Of that policy."""


def judge_runs(header: dict[str, Any], runs: Iterable[Run], references: References | Rivals) -> Iterator[Trained]:
    """Judge each run as it comes; after each what there is so far.

    `header` has what a card says of all of them: `scenario`, `overrides`, `algorithm` and `hyperparameters`.
    """
    judged: list[dict[str, Any]] = []
    policies: list[SavedPolicy] = []
    for run in runs:
        found = references.judge(partial(evaluate_learned, run.policy))
        said = {"seed": run.seed, "seconds": run.seconds, "training_steps": run.training_steps}
        judged.append(said | run.more | found | {"curve": run.curve})
        policies.append(run.policy)
        by_served = sorted(range(len(judged)), key=lambda at: judged[at]["served"])
        median = by_served[(len(judged) - 1) // 2]
        record = header | {
            "scenario_fingerprint": references.scenario.fingerprint(),
            "environment": run.policy.env_id,
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


def as_line(run: dict[str, Any]) -> str:
    """A judged run for a reader."""
    to_dftsp, to_rule = (Interval(**run[f"difference_to_{one}_percent"]) for one in ("dftsp", "look_ahead"))
    reached = f"{to_dftsp.plus(100.0).text('.2f')} % of DFTSP, above look-ahead by {to_rule.text('+.3f')} %"
    return f"seed {run['seed']}: {reached}, {run['seconds']:.0f} s"
