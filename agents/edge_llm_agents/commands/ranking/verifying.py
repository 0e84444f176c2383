"""`edge-llm leaderboard verify`: records evaluated again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from edge_llm_agents.protocol.verification import verify


@dataclass(frozen=True)
class Verify:
    """Evaluate records again: whether every number of theirs is what comes out here; exit status 1 where one is not."""

    record: tyro.conf.Positional[tuple[Path, ...]]
    """Files that `submit` wrote."""
    trust: bool = False
    """Run the functions and zips of Stable-Baselines3 that the records bring along: only of whom you trust."""

    def run(self) -> int:
        """Verify each; the exit status."""
        if not self.record:
            raise ValueError("record: must be at least one file")
        agree = True
        for path in self.record:
            found = verify(path, trust=self.trust)
            agree &= found.agrees
            print(f"{path}: {'agrees' if found.agrees else 'does not agree'}")
            for line in found.differences:
                print(f"  {line}")
            if found.changed:
                print(f"  here and there differ: {found.changed}")
        return 0 if agree else 1
