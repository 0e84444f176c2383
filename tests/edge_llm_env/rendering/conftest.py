from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def windows_that_nobody_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
