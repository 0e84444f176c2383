"""`pages.py animations`: those of the environments' pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Animations:
    """Make the animations of the environments' pages anew; needs the extra viewer."""

    folder: OutputFolder = Path("docs/images")
    """Where they are written."""

    def run(self) -> None:
        """Play and write."""
        from experiments.pages.pictures.animations import animate_engine, animate_levels, animate_network, animate_rack

        for animate in (animate_engine, animate_network, animate_rack, animate_levels):
            print(f"written: {animate(self.folder)}")
