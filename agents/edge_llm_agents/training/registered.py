"""How policies of each environment are trained: what is registered against an id, and what any other gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.evaluation.progress import Report
from edge_llm_agents.pretrained.saved_policies import SavedPolicy
from edge_llm_agents.training.trained import TrainedModel
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown


class Asked(NamedTuple):
    """What `train` was asked for."""

    env_id: str
    scenario: str | Path | Scenario
    algorithm: str
    seed: int
    steps: int | None
    network: str
    report: Report
    settings: dict[str, Any]


Train = Callable[[Asked], TrainedModel | SavedPolicy]


@dataclass(frozen=True)
class Training:
    """How policies of an environment are trained."""

    ways: Mapping[str, Train] = field(default_factory=dict)
    """Algorithms of its own by name, the default first; SB3's for its actions follow."""
    network: str = "mlp"
    """The network that SB3's algorithms take by default."""
    of_some: Mapping[str, Train] = field(default_factory=dict)
    """Further algorithms, for some of its scenarios only, behind SB3's."""


_REGISTERED: dict[str, Training] = {}


def register_training(env_id: str, training: Training) -> None:
    """Say how policies of an environment are trained.

    The same again changes nothing. Raises ValueError for an id that no environment has, and for one that has another.
    """
    environment(env_id)
    if _REGISTERED.setdefault(env_id, training) is not training:
        raise ValueError(f"env_id = {shown(env_id)}: is trained otherwise, must be an id without a way to train")


def training_of(env_id: str) -> Training:
    """How policies of an environment are trained; with SB3's algorithms and perceptrons where nobody said.

    Raises ValueError for an id that no environment has.
    """
    environment(env_id)
    return _REGISTERED.get(env_id) or Training()
