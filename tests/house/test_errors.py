"""How errors show a user's value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGES = ("edge_llm_env", "baselines/edge_llm_baselines", "agents/edge_llm_agents")


@pytest.mark.parametrize("package", PACKAGES)
def test_values_are_shown_on_one_line_of_a_length_that_can_be_read(package: str):
    """`{value!r}` shows an array on many lines and a long text whole; `{shown(value)}` does neither."""
    found = [
        f"{file}: {line.strip()}"
        for file in sorted(Path(package).rglob("*.py"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"= \{[a-z_.]+!r\}", line)
    ]
    assert found == []
