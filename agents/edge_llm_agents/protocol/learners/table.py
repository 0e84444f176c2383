"""All algorithms that are run by the protocol."""

from __future__ import annotations

from edge_llm_agents.protocol.learners.imitation import IMITATION
from edge_llm_agents.protocol.learners.learner import Learner
from edge_llm_agents.protocol.learners.sb3 import SB3
from edge_llm_agents.protocol.learners.structured import STRUCTURED

LEARNERS: dict[str, Learner] = {**SB3, "imitation": IMITATION, "structured": STRUCTURED}
"""Every algorithm by its name in tables; another is one more entry."""


def learners_of(env_id: str) -> list[str]:
    """Names of those for the actions of an environment."""
    return [name for name, learner in LEARNERS.items() if learner.fits(env_id)]
