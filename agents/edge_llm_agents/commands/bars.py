"""Progress bars on standard error, one for each part of the work."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm

from edge_llm_agents.evaluation.progress import Progress


class Bars:
    """A report that draws a bar per part; used as a context, which closes the last one."""

    def __init__(self) -> None:
        self._part = ""
        self._bar: tqdm | None = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, progress: Progress) -> None:
        """Draw how far a part is; another part than before begins a bar below."""
        if self._bar is None or progress.part != self._part:
            self.__exit__(None, None, None)
            self._part = progress.part
            self._bar = tqdm(total=progress.total, desc=progress.part, file=sys.stderr, dynamic_ncols=True)
        self._bar.set_postfix_str(progress.what, refresh=False)
        self._bar.update(progress.done - self._bar.n)  # draws no more often than tqdm deems useful
        if progress.what or progress.done in (0, progress.total):
            self._bar.refresh()
