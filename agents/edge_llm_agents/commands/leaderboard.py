"""`edge-llm leaderboard`: every environment, scenario and policy on the same workloads, and results handed in."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import tyro
from tqdm import tqdm

from edge_llm_agents.commands.running import Command
from edge_llm_agents.leaderboard.report.leaderboard import write_leaderboard
from edge_llm_agents.leaderboard.suite import SuiteSettings, run_suite
from edge_llm_env.support.outputs import OutputFile

_HERE = "edge_llm_agents.commands.ranking"

COMMANDS = {
    "rank": Command(f"{__name__}:Leaderboard", "compute the cells that are missing or stale, make the page"),
    "submit": Command(f"{_HERE}.submitting:Submit", "play a policy, write one record that others can evaluate again"),
    "verify": Command(f"{_HERE}.verifying:Verify", "evaluate records again, say whether their numbers agree"),
    "report": Command(
        f"{_HERE}.reporting:ReportPage", "a page of all records: aggregates, profiles, what learning took"
    ),
    "check": Command(f"{_HERE}.checking:Check", "whether this installation reproduces recorded numbers; a minute"),
    "baselines": Command(f"{_HERE}.baselines:Baselines", "run standard algorithms by the protocol, each run a record"),
}


@dataclass(frozen=True)
class Leaderboard:
    """Compute the cells of the suite that are missing or stale, and make LEADERBOARD.md of all there are.

    Interrupt it whenever you like: the next run goes on with the cells that are not finished.
    """

    suite: tyro.conf.OmitArgPrefixes[SuiteSettings]
    leaderboard: OutputFile | None = None
    """Where the leaderboard goes; LEADERBOARD.md in the folder of the results if not given."""
    leaderboard_only: bool = False
    """Compute no cell."""

    def run(self) -> int:
        """Run the suite, write the leaderboard; the exit status."""
        failed = 0

        def say(line: str) -> None:
            tqdm.write(line, file=sys.stderr)

        if not self.leaderboard_only:
            try:
                ran = run_suite(self.suite, say)
            except KeyboardInterrupt:
                interrupted = "interrupted; the same command goes on with the cells that are not finished"
                raise KeyboardInterrupt(interrupted) from None
            failed = ran.failed
            print(
                f"cells: {ran.computed} computed, {ran.kept} finished before, {ran.left_out} left out, {failed} failed"
            )
        results = self.suite.results
        page = self.leaderboard or results / "LEADERBOARD.md"
        print(f"written: {', '.join(map(str, write_leaderboard(results, page, say)))}")
        return 1 if failed else 0
