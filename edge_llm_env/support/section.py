"""What every part of a scenario is built from."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

NEUTRAL: dict[str, Any] = {"neutral": True}
"""`json_schema_extra` of a setting whose default leaves everything as it is where there is no such setting."""


class Section(BaseModel):
    """A part of a scenario: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def neutral_fields(cls) -> set[str]:
        """Names of the settings whose defaults leave everything as it is (`NEUTRAL`)."""
        return {
            name
            for name, field in cls.model_fields.items()
            if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("neutral")
        }
