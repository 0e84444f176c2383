"""The one table of this project, and the ways to write it: Markdown, plain text, CSV, LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

NO_VALUE = "–"
"""A cell where there is nothing to say."""

_NUMBER = re.compile(r"[+−-]?[≥≤]?\s?\d")
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "−": "$-$", "≥": r"$\geq$", "≤": r"$\leq$",
    "×": r"$\times$", "→": r"$\to$", "µ": r"\textmu{}", "δ": r"$\delta$", "β": r"$\beta$", "Δ": r"$\Delta$",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Headings and rows of text, all of one length; the first column names the rows.

    A column whose cells all begin with a number, but for empty ones and dashes, is aligned to the right. Raises
    ValueError for a row of another length.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.headings):
                raise ValueError(f"row {list(row)}: has {len(row)} cells, must have {len(self.headings)}")

    def markdown(self) -> str:
        """Lines of a Markdown table, without a newline at the end."""
        lines = [self.headings, ["---:" if right else "---" for right in self._right()], *self.rows]
        return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)

    def text(self) -> str:
        """Lines for a terminal: columns as wide as their widest cell."""
        widths = [max(map(len, column)) for column in self._columns()]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, self._right(), strict=True)
            ).rstrip()
            for line in (self.headings, *self.rows)
        )

    def csv(self) -> str:
        """The headings and a line per row, as spreadsheets read them."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows((self.headings, *self.rows))
        return text.getvalue()

    def latex(self) -> str:
        """A `tabular` with the rules of the package booktabs; special characters are escaped."""
        columns = "".join("r" if right else "l" for right in self._right())
        head, *body = (
            " & ".join("".join(_LATEX.get(one, one) for one in cell) for cell in line) + r" \\"
            for line in (self.headings, *self.rows)
        )
        lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
        return "\n".join([*lines, r"\end{tabular}"])

    def _columns(self) -> list[tuple[str, ...]]:
        return list(zip(self.headings, *self.rows, strict=True))

    def _right(self) -> list[bool]:
        """Of each column whether it is aligned to the right."""
        cells = [[cell for cell in column[1:] if cell not in ("", "-", NO_VALUE)] for column in self._columns()]
        return [bool(at and column) and all(map(_NUMBER.match, column)) for at, column in enumerate(cells)]
