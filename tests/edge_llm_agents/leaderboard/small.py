"""A suite that is quick: one short scenario, few workloads."""

from pathlib import Path
from typing import Any

from edge_llm_agents.leaderboard.suite import SuiteSettings

SHORT = 'extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\nvisible_slots = 6\n'


def small_suite(folder: Path, **changes: Any) -> SuiteSettings:
    """In a folder, with its scenario `short` written there."""
    (folder / "short.toml").write_text(SHORT)
    settings: dict[str, Any] = {
        "environments": ("EdgeLLM/BatchSelection-v0",), "scenarios": (str(folder / "short.toml"),),
        "episodes": 3, "hindsight_episodes": 2, "workers": 1, "results": folder / "suite",
    }  # fmt: skip
    return SuiteSettings(**(settings | changes))


def cells(folder: Path) -> dict[str, bytes]:
    """All cells of the suite in a folder, by their path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("suite/*/*/*.json"))}
