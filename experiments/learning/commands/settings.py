"""What a record says of how it was made."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any


def settings_of(options: Any) -> dict[str, Any]:
    """The options of a command, but for where it writes."""
    return {name: value for name, value in asdict(options).items() if name != "results"}
