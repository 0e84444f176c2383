"""What the suite's policies are made from."""

from __future__ import annotations

from typing import Protocol

from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_env.scenarios import Scenario


class Source(Protocol):
    """Something that makes a policy; small to send to the process that plays it."""

    @property
    def label(self) -> str:
        """What it is, in a few words that name no place on this machine."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages whose versions its decisions may depend on, beside those of every cell."""
        ...

    @property
    def learned(self) -> bool:
        """Whether it was trained, so that another training seed might have made another policy."""
        ...

    def sha256(self, env_id: str) -> str:
        """Hash (hex) of what its decisions in an environment follow from, found without running any of it."""
        ...

    def policy(self, env_id: str, scenario: Scenario) -> MakePolicy:
        """What makes the policy for a vector environment; raises DoesNotPlayError where there is none."""
        ...
