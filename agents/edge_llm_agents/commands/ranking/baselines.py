"""`edge-llm leaderboard baselines`: standard algorithms, run by the protocol."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import tyro
from tqdm import tqdm

from edge_llm_agents.protocol.learners.jobs import BaselineSettings, run_baselines


@dataclass(frozen=True)
class Baselines:
    """Train every algorithm that fits in each environment with several seeds, and leave a record of every run.

    Interrupt it whenever you like: the next run goes on with the runs that are not finished.
    """

    settings: tyro.conf.OmitArgPrefixes[BaselineSettings]

    def run(self) -> int:
        """Run; the exit status."""

        def say(line: str) -> None:
            tqdm.write(line, file=sys.stderr)

        try:
            ran = run_baselines(self.settings, say)
        except KeyboardInterrupt:
            interrupted = "interrupted; the same command goes on with the runs that are not finished"
            raise KeyboardInterrupt(interrupted) from None
        print(
            f"runs: {ran.computed} finished, {ran.kept} finished before, {ran.left_out} left out, {ran.failed} failed"
        )
        return 1 if ran.failed else 0
