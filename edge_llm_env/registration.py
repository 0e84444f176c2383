"""The registry: one entry per environment, from which Gymnasium's ids, tests and documentation are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import gymnasium as gym

from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import one_of, shown


class Tier(NamedTuple):
    """A scenario that is this easy or hard in an environment."""

    scenario: str
    """A preset's name."""
    because: str
    """A sentence on what makes it so."""


class Tiers(NamedTuple):
    """A scenario of each difficulty."""

    easy: Tier
    medium: Tier
    hard: Tier


@dataclass(frozen=True)
class EnvironmentEntry:
    """One environment: all that is made from it follows from these."""

    id: str
    """Gymnasium's, `NAMESPACE/Name-vN`."""
    entry_point: str
    """`module:class` of a subclass of `edge_llm_env.envs.base.EpochEnv`, imported when one is made."""
    vector_entry_point: str
    """`module:class` of its native vector form, a subclass of `edge_llm_env.envs.vector.EpochVectorEnv`."""
    summary: str
    """What a step is, and the action, in less than a line."""
    question: str
    """The research question that it is for, in a sentence."""
    default_scenario: str
    """The preset that `gymnasium.make` takes without one."""
    tiers: Tiers
    counts_epochs: bool = True
    """A step decides on an epoch's batch, or on a part of it, so that there is an oracle of one epoch; False where an
    engine schedules iterations, or modules are switched."""
    chooses_batches: bool = False
    """A step names requests for the epoch's batch, and nothing else, so that DFTSP knows a largest one."""
    compared_in: str | None = None
    """The preset that commands train and compare in, where none is given; None for the default scenario."""

    @property
    def name(self) -> str:
        """The id without its namespace: `Batching-v0`."""
        return self.id.rpartition("/")[2]

    @property
    def main_scenario(self) -> str:
        """The preset that commands train and compare in, where none is given."""
        return self.compared_in or self.default_scenario


ENVIRONMENTS: dict[str, EnvironmentEntry] = {}
"""Every environment by its id; `register_environment` adds to it."""


@checked
def register_environment(entry: EnvironmentEntry) -> None:
    """Add an environment, and make its id known to `gymnasium.make` and `gymnasium.make_vec`.

    The same entry again changes nothing. Raises ValueError for an id that another entry has.
    """
    if ENVIRONMENTS.setdefault(entry.id, entry) != entry:
        raise ValueError(f"id = {shown(entry.id)}: is the id of another environment, must be a new one")
    if entry.id not in gym.registry:
        gym.register(
            entry.id,
            entry_point=entry.entry_point,
            vector_entry_point=entry.vector_entry_point,
            kwargs={"scenario": entry.default_scenario},
        )


def environment(env_id: str) -> EnvironmentEntry:
    """The entry of an id; raises ValueError for one that nobody registered."""
    return ENVIRONMENTS[one_of("env_id", env_id, ENVIRONMENTS)]
