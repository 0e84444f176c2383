"""What a campaign plays: the files that its cases run, by what is in them."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from edge_llm_agents.records.closure import PACKAGES
from edge_llm_agents.records.hashes import combined_sha256, file_sha256
from experiments.faults.command_lines import SCRIPTS

SUFFIXES = (".py", ".toml")
"""Of code, presets and catalogues."""


def folders() -> list[Path]:
    """Of the packages, of the experiments that commands run, and of the scripts."""
    found = [find_spec(name) for name in (*PACKAGES, "experiments")]
    return [*(Path(str(one.origin)).parent for one in found if one is not None), SCRIPTS]


@cache
def sources_sha256() -> str:
    """SHA-256 (hex) of every such file, as it was when this was first asked in the process."""
    return combined_sha256(
        *(
            f"{folder.name}/{path.relative_to(folder).as_posix()} {file_sha256(path)}"
            for folder in folders()
            for path in sorted(folder.rglob("*"))
            if path.suffix in SUFFIXES
        )
    )
