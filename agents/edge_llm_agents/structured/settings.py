"""How a policy of set worths is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edge_llm_agents.networks.set_networks import ENCODERS
from edge_llm_agents.structured.network import WIDEST
from edge_llm_agents.value_search.features import PLAIN_FEATURE_SETS
from edge_llm_env.support.naming import one_of

Teacher = Literal["advantages", "schedules", "policy-gradient"]
"""`advantages`: what other batches would have served on the same workload (`edge_llm_agents.structured.branches`).
`schedules`: those of hindsight, by a Fenchel-Young loss (`edge_llm_agents.structured.schedules`).
`policy-gradient`: steps towards those of the other batches that served more (`.policy_gradient`)."""

TEACHERS: tuple[Teacher, ...] = ("advantages", "schedules", "policy-gradient")


@dataclass(frozen=True)
class StructuredSettings:
    """How it is learned; the defaults take one to two minutes on one core for `embedding-uplink`."""

    base: str | None = None
    """Name or path of the saved value function that is corrected; the tuned look-ahead rule if not given."""
    features: str = "waiting"
    """What the network sees beside the observation where no base is given, a name of
    `edge_llm_agents.value_search.features.PLAIN_FEATURE_SETS`; of a base it is what that sees."""
    teacher: Teacher = "advantages"
    """What is learned from: advantages, schedules, or policy-gradient."""
    encoder: str = "deep-set"
    """Of the set of requests: deep-set or attention."""
    width: int = 32
    """Units of each layer."""
    rounds: int = 2
    """Times that the policy is played and fitted; of `schedules`, times that all are replayed."""
    episodes: int = 700
    """Workloads of a round; `schedules` has the same ones in all rounds."""
    loads: tuple[float, ...] = (1.0,)
    """Factors on the scenario's arrival rate: it is learned at all of them, with as many workloads each."""
    decoders: Mapping[str, float] = field(default_factory=dict)
    """Other models on the scenario's node that it is learned with, too, with factors on the arrival rate."""
    rows: int = 40
    """Workloads that are played side by side."""
    copies: int = 7
    """Other batches that are tried in a state, for their advantages."""
    horizon_epochs: int = 6
    """Epochs in which what is served counts for an advantage, that of the batch included."""
    deviation: float = 0.15
    """Standard deviation of the Gaussian noise on worths."""
    draws: int = 4
    """Draws of it that a mean batch is of, for schedules."""
    passes: int = 6
    """Over all advantages so far, in each round."""
    batch_size: int = 128
    """States of a gradient step, for advantages and policy-gradient."""
    temperature: float = 1.0
    """Requests that an advantage is divided by before batches are weighted by its exponential, for policy-gradient."""
    learning_rate: float = 2e-3
    """Of Adam at the start; it falls linearly to 0: with advantages in each round, with other teachers over all."""
    weight_decay: float = 1e-4
    """Of Adam."""
    validation_episodes: int = 200
    """Workloads that choose among the rounds, the untrained policy among them."""

    def __post_init__(self) -> None:
        one_of("features", self.features, PLAIN_FEATURE_SETS)
        one_of("teacher", self.teacher, TEACHERS)
        one_of("encoder", self.encoder, ENCODERS)
        whole = ("width", "rounds", "episodes", "rows", "copies", "horizon_epochs", "draws", "passes", "batch_size")
        for name in (*whole, "validation_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")
        if self.width > WIDEST:
            raise ValueError(f"width = {self.width}: must be in 1..{WIDEST}")
        factors = (*self.loads, *self.decoders.values())
        if not self.loads or not min(factors) > 0.0:
            raise ValueError(f"loads = {self.loads}, decoders = {dict(self.decoders)}: must be factors greater than 0")
        for name in ("deviation", "temperature", "learning_rate"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} = {getattr(self, name)}: must be greater than 0")
        if not self.weight_decay >= 0.0:
            raise ValueError(f"weight_decay = {self.weight_decay}: must be at least 0")
