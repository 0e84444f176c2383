"""`edge-llm leaderboard check`: whether this installation reproduces recorded numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from edge_llm_agents.protocol.check import RECORDED, check, record_check
from edge_llm_agents.protocol.judging import same


@dataclass(frozen=True)
class Check:
    """Play rules and policies of the package in every environment: whether what comes out is what was recorded.

    About a minute once kernels are compiled (some minutes before). Exit status 1 where a number is another. Workloads
    may differ in the last bits between processors, which is told and is no failure.
    """

    recorded: Path = RECORDED
    """What is held against: the package's own record."""
    record: bool = False
    """Write that file instead, with what comes out here: for those who release the package."""

    def run(self) -> int:
        """Check each; the exit status."""
        if self.record:
            record_check(self.recorded)
            print(f"written: {self.recorded}")
            return 0
        started_s, count, failed = time.monotonic(), 0, 0
        for said, found in check(self.recorded):
            as_recorded = same(said.gained, found.gained)
            count, failed = count + 1, failed + (not as_recorded)
            what = "as recorded" if as_recorded else f"{found.gained}, recorded {said.gained}"
            if said.workloads_sha256 != found.workloads_sha256:
                what = f"{what}, on workloads that are not the same to the last bit"
            print(f"{said.environment}, {said.scenario}, {said.policy}: {what}", flush=True)
        print(f"{count - failed} of {count} as recorded, {time.monotonic() - started_s:.0f} s")
        return 1 if failed else 0
