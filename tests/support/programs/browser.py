"""Pages opened in headless Chromium, as a reader's browser does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.programs.processes import HANG_GUARD_S

FLAGS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """A page, and what it said and asked for while it was open."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """Where the browser is, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, running."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS), chromium_sandbox=False, timeout=1000 * HANG_GUARD_S
        )
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Browser, path: Path) -> Opened:
    """The page of a file, once it has loaded."""
    seen = Opened(browser.new_page())
    seen.page.set_default_timeout(1000 * HANG_GUARD_S)
    seen.page.on("console", lambda message: seen.errors.append(f"{message.type}: {message.text}"))
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    seen.page.goto(path.as_uri())
    return seen
