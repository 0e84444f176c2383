"""Whether anything crashes, hangs or misleads."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Faults:
    """Play malformed and odd inputs in processes of their own and print what each kind led to; what the results have
    already is gone on from.
    """

    kinds: tuple[str, ...] = ()
    """All of them if none is given."""
    count: int | None = None
    """Cases of each kind; those of a whole campaign if not given."""
    seed: int = 0
    """Sets the cases."""
    results: Path = Path("results")
    """Folder of faults.json."""

    def run(self) -> int:
        """Play, write and print; 1 if anything is unclear, crashed, hung or wrong."""
        from edge_llm_env.support.naming import one_of
        from experiments.faults.campaign import as_table, campaign, faults
        from experiments.faults.kinds.table import KINDS

        kinds = {one_of("kinds", name, KINDS): KINDS[name] for name in self.kinds or KINDS}
        if self.count is not None and self.count < 1:
            raise ValueError(f"count = {self.count}: must be at least 1")
        record = campaign(
            kinds, self.count, self.seed, self.results / "faults.json", lambda line: print(line, file=sys.stderr)
        )
        print(as_table(record))
        return int(faults(record) > 0)
