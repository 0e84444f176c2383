"""How errors show a user's value."""

from __future__ import annotations

import re

import pytest

from tests.house.test_layout import ROOT

PACKAGES = ("edge_llm_env", "baselines/edge_llm_baselines", "agents/edge_llm_agents")


SHOWN_WHOLE = re.compile(r"= \{[^{}]+!r\}")


@pytest.mark.parametrize("package", PACKAGES)
def test_values_are_shown_on_one_line_of_a_length_that_can_be_read(package: str):
    """`{value!r}` shows an array on many lines and a long text whole; `{shown(value)}` does neither."""
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if SHOWN_WHOLE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line", ["x = {value!r}: must", "x = {str(path)!r}", "x = {headers[name][:80]!r}", "= {a.b!r}"]
)
def test_a_value_that_is_shown_whole_is_found(line: str):
    assert SHOWN_WHOLE.search(line)
