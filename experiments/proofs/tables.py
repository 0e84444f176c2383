"""Tables of the recorded proofs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from edge_llm_env.support.tables import NO_VALUE, Table

Record = Mapping[str, Any]


def agreement_table(record: Record) -> Table:
    """Per family of instances: how many, against what, how many were proven, how many wrong, and in how
    many HiGHS is off by more than its tolerance.
    """
    rows = []
    for part, against, name in (
        ("all_subsets", "all subsets, and each other", "BranchAndBound"),
        ("general_solvers", "HiGHS and CP-SAT", "instances"),
    ):
        for family in dict.fromkeys(entry["family"] for one in record["parts"] for entry in one[part]):
            counts: Counter[str] = Counter()
            wrong = 0
            for one in record["parts"]:
                for entry in one[part]:
                    if entry["family"] == family:
                        counts.update(entry["counts"])
                        wrong += len(entry["wrong"])
            proven = counts["BranchAndBound proven"] or counts["proven"]
            highs = str(counts["HiGHS wrong"]) if "HiGHS wrong" in counts else NO_VALUE
            rows.append((family.replace("_", " "), against, f"{counts[name]:,}", f"{proven:,}", str(wrong), highs))
    return Table(("instances", "against", "tried", "proven by `BranchAndBound`", "wrong", "HiGHS off"), rows)


def roofline_agreement_table(record: Record) -> Table:
    """Per kind of decoder whose costs are the roofline's: how many instances each solver did, and how many wrong."""
    rows = [
        (
            entry["decoder"],
            *(
                f"{entry['counts'].get(name, 0):,}"
                for name in ("instances", "BranchAndBound", "DFTSP", "HiGHS", "CP-SAT")
            ),
            str(len(entry["wrong"])),
        )
        for entry in record["decoders"]
    ]
    return Table(("decoder", "instances", "`BranchAndBound`", "`DFTSP`", "HiGHS", "CP-SAT", "wrong"), rows)


def hard_classes_table(record: Record) -> Table:
    """Per class and size: processor time over HiGHS's, geometric mean and worst, and how many each has proven."""
    entries = [entry for one in record["parts"] for entry in one["hard_classes"]]
    rows = []
    for name in dict.fromkeys(entry["class"] for entry in entries):
        of = [entry for entry in entries if entry["class"] == name]
        many = np.array([entry["instances"] for entry in of])
        ratio = np.exp(np.average(np.log([entry["ratio_to_highs"] for entry in of]), weights=many))
        sizes = sorted({entry["pending"] for entry in of})
        rows.append(
            (
                name,
                f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else str(sizes[0]),
                str(many.sum()),
                f"{ratio:.3f}",
                f"{max(entry['worst_ratio_to_highs'] for entry in of):.2f}",
                f"{sum(entry['proven'] for entry in of)} / {sum(entry['highs_proven'] for entry in of)}",
            )
        )
    headings = ("class", "requests", "instances", "time / HiGHS's", "worst", "proven, ours / HiGHS's")
    return Table(headings, rows)
