"""Evaluate every environment, scenario and policy on the same workloads: python scripts/benchmark_suite.py."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from tqdm import tqdm

from edge_llm_agents.leaderboard.report.leaderboard import write_leaderboard
from edge_llm_agents.leaderboard.suite import SuiteSettings, run_suite


@dataclass(frozen=True)
class Options:
    """Compute the cells of the suite that are missing or stale, and make LEADERBOARD.md of all there are.

    Interrupt it whenever you like: the next run goes on with the cells that are not finished.
    """

    suite: tyro.conf.OmitArgPrefixes[SuiteSettings]
    leaderboard: Path | None = None
    """Where the leaderboard goes; LEADERBOARD.md in the folder of the results if not given."""
    leaderboard_only: bool = False
    """Compute no cell."""


def main(options: Options) -> int:
    """Run the suite, write the leaderboard; the exit status."""
    failed = 0

    def say(line: str) -> None:
        tqdm.write(line, file=sys.stderr)

    try:
        if not options.leaderboard_only:
            ran = run_suite(options.suite, say)
            failed = ran.failed
            print(
                f"cells: {ran.computed} computed, {ran.kept} finished before, {ran.left_out} left out, {failed} failed"
            )
        results = options.suite.results
        page = options.leaderboard or results / "LEADERBOARD.md"
        print(f"written: {', '.join(map(str, write_leaderboard(results, page, say)))}")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on with the cells that are not finished", file=sys.stderr)
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
