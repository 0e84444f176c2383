"""Which mechanisms a service has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from edge_llm_env.inference.mechanisms.offloading import Offloading
from edge_llm_env.inference.mechanisms.parallelism import Parallelism
from edge_llm_env.inference.mechanisms.speculation import Speculation
from edge_llm_env.support.checking.problems import first_line
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.section import Section


class Mechanisms(NamedTuple):
    """The mechanisms of a service; None: without it."""

    speculation: Speculation | None = None
    offloading: Offloading | None = None
    parallelism: Parallelism | None = None

    def described(self) -> str:
        """Names of those that are there, by commas."""
        return ", ".join(name for name, one in zip(self._fields, self, strict=True) if one is not None)


KINDS: dict[str, type[Section]] = {
    "speculation": Speculation,
    "offloading": Offloading,
    "parallelism": Parallelism,
}
"""The settings of each by its name."""


def mechanisms_of(settings: Mapping[str, Mapping[str, Any]]) -> Mechanisms:
    """Mechanisms by their names and settings, as a scenario's `node` has them.

    Raises ValueError, one line, that names the mechanism or the setting and what would be accepted.
    """
    chosen: dict[str, Any] = {}
    for name, values in settings.items():
        kind = KINDS[one_of("mechanism", name, KINDS, "edge-llm list mechanisms")]
        try:
            chosen[name] = kind(**values)
        except ValidationError as error:
            raise ValueError(f"{name}.{first_line(error, kind)}") from None
    return Mechanisms(**chosen)


NONE = Mechanisms()
"""The plain model."""
