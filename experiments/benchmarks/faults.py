"""Whether anything crashes, hangs or misleads."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edge_llm_env.support.outputs import OutputFolder


@dataclass(frozen=True)
class Faults:
    """Play malformed and odd inputs in processes of their own and print what each kind led to; what the results have
    already of the same sources is gone on from.
    """

    kinds: tuple[str, ...] = ()
    """All of them if none is given."""
    count: int | None = None
    """Cases of each kind; those of a whole campaign if not given."""
    seed: int = 0
    """Sets the cases."""
    again: bool = False
    """Play only the cases again that the results call bad, and note what is mended."""
    results: OutputFolder = Path("results")
    """Folder of faults/, with a file for each kind."""

    def run(self) -> int:
        """Play, write and print; 1 if anything is unclear, crashed, hung or wrong."""
        from edge_llm_env.support.naming import one_of
        from experiments.faults.campaign import as_table, campaign, faults, play_again
        from experiments.faults.kinds.table import KINDS

        kinds = {one_of("kinds", name, KINDS): KINDS[name] for name in self.kinds or KINDS}
        if self.count is not None and self.count < 1:
            raise ValueError(f"count = {self.count}: must be at least 1")
        folder = self.results / "faults"

        def say(line: str) -> None:
            print(line, file=sys.stderr)

        records = play_again(kinds, folder, say) if self.again else campaign(kinds, self.count, self.seed, folder, say)
        print(as_table(records))
        return int(faults(records) > 0)


@dataclass(frozen=True)
class Soak:
    """Play a million pending requests, a million epochs, a day and 100,000 episodes, again and again; watch memory."""

    seconds: float = 3600.0
    """For so long, and each part at least twice."""
    scale: float = 1.0
    """Of the sizes."""
    results: OutputFolder = Path("results")
    """Folder of soak.json."""

    def run(self) -> int:
        """Play, write after each part and print; 1 if memory grew, or, at whole sizes, a step came to take longer.

        At smaller sizes an episode's parts are too short for their times to tell anything.
        """
        from datetime import UTC, datetime

        from edge_llm_agents.records.record import write_record
        from edge_llm_env import __version__
        from experiments.faults.soak import GROWTH_BYTES, SLOWDOWN, grown_bytes, slowdown, soak

        if not 0 < self.scale <= 1:
            raise ValueError(f"scale = {self.scale:g}: must be in 0..1, and more than 0")
        if not self.seconds >= 0:
            raise ValueError(f"seconds = {self.seconds:g}: must be at least 0")
        found = []
        for one in soak(self.seconds, self.scale):
            found.append(one)
            print(one, file=sys.stderr, flush=True)
            begun = {"version": __version__, "date": datetime.now(UTC).date().isoformat()}
            settings = {"seconds": self.seconds, "scale": self.scale}
            write_record(self.results / "soak.json", begun | settings | {"parts": found})
        grown, slower = grown_bytes(found), slowdown(found)
        print(
            f"{len(found)} parts, memory grown by {grown / 2**20:.1f} MiB of {GROWTH_BYTES >> 20} allowed, the end of "
            f"an episode {slower:.2f} times as long as its beginning, of {SLOWDOWN:g} allowed at scale 1"
        )
        return int(grown > GROWTH_BYTES or (self.scale == 1.0 and slower > SLOWDOWN))
