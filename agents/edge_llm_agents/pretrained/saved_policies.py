"""Learned policies on disk: weights as safetensors, and beside them a JSON card that says what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.policy import MECHANISMS, LearnedAllocation
from edge_llm_agents.calls.engine import LearnedOrder
from edge_llm_agents.calls.policy import LearnedCalls
from edge_llm_agents.masked_ppo.admission_policy import AdmissionPolicy
from edge_llm_agents.placement.policy import LearnedPlacement
from edge_llm_agents.placement.searched import SearchedPlacement
from edge_llm_agents.pretrained.shipped import path_of
from edge_llm_agents.racks.policy import LearnedRack
from edge_llm_agents.records.record import NoRecordError, read_record, write_record
from edge_llm_agents.scheduling.policy import LearnedScheduler
from edge_llm_agents.structured.policy import StructuredPolicy
from edge_llm_agents.tasks.policy import LearnedTasks
from edge_llm_agents.uploads.policy import LearnedUploads
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_env.scenarios import Scenario, list_scenarios, load_scenario
from edge_llm_env.scenarios.file_paths import overrides_without_folders, without_folders
from edge_llm_env.scenarios.loading import LISTED_BY, contained_scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import LONGEST_SHOWN, one_of, shown
from edge_llm_env.support.system.files import write_bytes

SavedPolicy = (
    ValuePolicy
    | StructuredPolicy
    | AdmissionPolicy
    | LearnedAllocation
    | LearnedLevels
    | LearnedScheduler
    | LearnedRack
    | LearnedPlacement
    | SearchedPlacement
    | LearnedTasks
    | LearnedCalls
    | LearnedOrder
    | LearnedUploads
)

KINDS: dict[str, type[SavedPolicy]] = {
    ValuePolicy.env_id: ValuePolicy,
    AdmissionPolicy.env_id: AdmissionPolicy,
    **dict.fromkeys(MECHANISMS, LearnedAllocation),
    LearnedLevels.env_id: LearnedLevels,
    LearnedScheduler.env_id: LearnedScheduler,
    LearnedRack.env_id: LearnedRack,
    LearnedPlacement.env_id: LearnedPlacement,
}
"""What a policy on disk is, by the environment of its card, whose id ends with its version."""


def kind_of(description: Mapping[str, Any]) -> type[SavedPolicy] | None:
    """What a policy is by what is said of it; None where there is no such.

    Of those that choose batches, the ones that learn from signals of calls have seen `examples_seed`, those that
    correct the values of calls have a `counted_seed`, and the ones with a network over the queue have an encoder; of
    those that place models, the ones that are searched for say what they see; of those that divide bands, the ones that
    order uploads have numbers; of those that schedule an engine, the ones that order calls of tasks have a rule.
    """
    if description.get("environment") == SearchedPlacement.env_id and "sees" in description:
        return SearchedPlacement
    if description.get("environment") == LearnedTasks.env_id and "examples_seed" in description:
        return LearnedTasks
    if description.get("environment") == LearnedCalls.env_id and "counted_seed" in description:
        return LearnedCalls
    if description.get("environment") == LearnedOrder.env_id and "rule" in description:
        return LearnedOrder
    if description.get("environment") == StructuredPolicy.env_id and "encoder" in description:
        return StructuredPolicy
    if description.get("environment") == LearnedUploads.env_id and "numbers" in description:
        return LearnedUploads
    return KINDS.get(str(description.get("environment")))


_OF_EVERY_CARD: dict[str, type] = {
    "environment": str,
    "scenario_fingerprint": str,
    "weights_sha256": str,
    "scenario": str,
    "overrides": dict,
    "algorithm": str,
    "hyperparameters": dict,
    "seed": int,
    "training_steps": int,
    "evaluation": object,
    "check": object,
}
"""Fields of a card, and their types in JSON; what it reached is nobody's condition."""


@dataclass(frozen=True)
class Card:
    """What a saved policy is, and how it came about."""

    scenario: str
    """A preset's name or the path of a TOML file."""
    overrides: dict[str, Any]
    """Of the scenario, as `load_scenario` takes them."""
    algorithm: str
    hyperparameters: dict[str, Any]
    seed: int
    training_steps: int
    """Environment steps of training: epochs, in `Batching-v0` admissions and dispatches."""
    evaluation: dict[str, Any]
    """What it reached, on which workloads."""
    check: dict[str, int]
    """`served` on the first `workloads` evaluation workloads of `seed`: what a test expects of it."""
    content: dict[str, Any] | None = None
    """The scenario itself, overrides and all, where it is no preset or names files; these lie beside the card."""

    def load_scenario(self, folder: Path | None = None) -> Scenario:
        """The scenario that it was trained for; of a card in a folder, with no file but those that lie there.

        Raises ScenarioError, a ValueError.
        """
        if folder is None:
            return load_scenario(self.scenario, **self.overrides)
        if self.content is not None:
            return contained_scenario(self.content, {}, folder)
        return contained_scenario(
            one_of("scenario", self.scenario, list_scenarios(), LISTED_BY), self.overrides, folder
        )


def save_policy(policy: SavedPolicy, card: Card, path: Path) -> list[Path]:
    """Write `path` with the suffixes .safetensors and .json, each whole or not at all; the files written.

    Raises ValueError for a policy of a population, or one of another scenario than its card's.
    """
    arrays = policy.arrays()
    if card.content is None and policy.scenario.fingerprint() != card.load_scenario().fingerprint():
        raise ValueError(f"card.scenario = {shown(card.scenario)}: is not the scenario of the policy")
    weights = save(arrays)
    content = policy.scenario.model_dump(mode="json", exclude_none=True)
    if card.scenario not in list_scenarios() or without_folders(content) != content:
        overrides = overrides_without_folders(card.overrides)
        card = replace(card, scenario=policy.scenario.name, overrides=overrides, content=without_folders(content))
    written = (
        {"environment": policy.env_id, "scenario_fingerprint": policy.scenario.fingerprint()}
        | policy.description()
        | {"weights_sha256": hashlib.sha256(weights).hexdigest()}
        | {name: value for name, value in asdict(card).items() if value is not None}
    )
    paths = [path.with_name(f"{path.name}.safetensors"), path.with_name(f"{path.name}.json")]
    write_bytes(paths[0], weights)
    write_record(paths[1], written)
    return paths


@checked
def load_policy(name: str | Path, scenario: Scenario | None = None) -> tuple[SavedPolicy, Card]:
    """A policy that the package brings along, by its name, or one of your own by its path without suffix.

    Nothing is unpickled. Raises ValueError with the reason when there is none, a file is damaged, or it is for another
    version of the environment, features that there are not, or another scenario than its card names, or than `scenario`
    if given. (`for_scenario` takes it elsewhere on purpose.)
    """
    path = path_of(name)
    policy, card, fingerprint = read_policy(path, scenario)
    now = policy.scenario
    if now.fingerprint() != fingerprint:
        reason = f"was trained when scenario {now.name!r} was another ({fingerprint[:12]}), must be trained again"
        raise ValueError(f"policy = {path}: {reason} or see scripts/pages.py policies")
    if scenario is not None and scenario.fingerprint() != fingerprint:
        raise ValueError(f"policy = {path}: is for scenario {now.name!r} ({fingerprint[:12]}), not {scenario.name!r}")
    return policy, card


def read_policy(path: Path, scenario: Scenario | None = None) -> tuple[SavedPolicy, Card, str]:
    """The policy at a path without suffix, in its card's scenario as it is now, and that which it was trained in.

    The latter is a fingerprint; where it is that of `scenario`, this is taken and not looked for. Raises ValueError as
    `load_policy` does, but for scenarios that changed.
    """
    card_path, weights_path = path.with_name(f"{path.name}.json"), path.with_name(f"{path.name}.safetensors")
    try:
        written, weights = _card(card_path), weights_path.read_bytes()
        if written["environment"] not in KINDS:
            reason = (
                f"is for {written['environment'][:LONGEST_SHOWN]}, which there is not: must be {' or '.join(KINDS)}"
            )
            raise ValueError(reason)
        if hashlib.sha256(weights).hexdigest() != written["weights_sha256"]:
            raise ValueError("its weights are not those of its card: must be the file that was saved with it")
        arrays = _arrays(weights)
        given = {field: written[field] for field in Card.__dataclass_fields__ if field != "content"}
        card = Card(**given, content=written.get("content"))
        fingerprint = str(written["scenario_fingerprint"])
        if scenario is None or scenario.fingerprint() != fingerprint:
            scenario = card.load_scenario(card_path.parent)
        kind = kind_of(written)
        assert kind is not None  # as the environment is one of KINDS
        return kind.from_card(written, arrays, scenario), card, fingerprint
    except OSError as error:
        raise ValueError(f"policy = {path}: cannot be read: {error.strerror}, {error.filename}") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"policy = {path}: {error}") from None


def _card(path: Path) -> dict[str, Any]:
    """A card whose fields are all there and of their types; raises ValueError naming one that is not, and OSError."""
    try:
        written = read_record(path)
    except NoRecordError as error:
        raise ValueError(f"its card is damaged: {shown(error)}, must be as save_policy wrote it") from None
    kind = kind_of(written)
    for field, of_type in (_OF_EVERY_CARD | (kind.card_fields if kind is not None else {})).items():
        if field not in written:
            raise ValueError(f"its card is damaged: {field} is required")
        value = written[field]
        if not isinstance(value, of_type) or isinstance(value, bool):
            raise ValueError(f"its card is damaged: {field} = {shown(value)}, must be of type {of_type.__name__}")
    if not isinstance(written.get("content"), dict | None):
        raise ValueError(f"its card is damaged: content = {shown(written['content'])}, must be a scenario or left out")
    return written


def _arrays(weights: bytes) -> dict[str, NDArray]:
    """The arrays of a file of weights, all finite; raises ValueError."""
    try:
        arrays: dict[str, NDArray] = load(weights)
    except (SafetensorError, TypeError, KeyError) as error:  # safetensors' own, and those of types that NumPy lacks
        raise ValueError(f"its weights are damaged: {shown(error)}, must be safetensors") from None
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"its weights {shown(name)} are of dtype {array.dtype}: must be finite floats")
    return arrays
