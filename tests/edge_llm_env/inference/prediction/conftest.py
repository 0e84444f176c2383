"""Spreads that tests choose, in the form of those that are fitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_llm_env.inference.prediction import spreads


@pytest.fixture
def chosen_spreads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Intervals by the `fitted.json` beside this file."""
    spreads.fitted_spreads.cache_clear()
    monkeypatch.setattr(spreads, "files", lambda package: Path(__file__).parent)
    yield
    spreads.fitted_spreads.cache_clear()
