"""What a scenario is: all its parts together, validated and frozen."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from edge_llm_env.scenarios.checks import check
from edge_llm_env.scenarios.fingerprints import fingerprint
from edge_llm_env.scenarios.hosting import Hosting


class Scenario(Hosting):
    """A complete, validated setting of the suite.

    Raises `ScenarioError`, one line, on an unknown key, a missing one or a value out of range.
    """

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        check(self)
        return self

    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that shapes the environment; name, description and provenance do not.

        A file, such as a trace or a decoder's, counts by its content and not by where it is. A setting that leaves
        everything as it is does not count (`NEUTRAL`), so that fingerprints stay when the suite learns of a new one.
        """
        return fingerprint(self)
