"""The tables in the README and in pages that are written by hand: made from the code and the recorded results."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from inspect import isabstract
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol

from edge_llm_agents.comparison.columns import comparison_table as table_of_comparison
from edge_llm_agents.machine.replay.tables import calibration_table
from edge_llm_agents.machine.replay.tables import table as replay_table
from edge_llm_baselines import hindsight, rules, solvers
from edge_llm_env.inference.published.table import mechanisms_table
from edge_llm_env.inference.validation.kinds import SPLITS
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.support.tables import Table
from experiments.allocation.learned_tables import ALLOCATION_TABLES, NAMES
from experiments.certificates.table import certificates_table
from experiments.faults.kinds.table import KINDS
from experiments.faults.tables import faults_table, soak_table
from experiments.learning import level_tables, placement_tables, rack_tables, scheduler_tables, task_tables
from experiments.learning.networks.bids import bids_table
from experiments.learning.networks.decentral import decentral_table
from experiments.pages import validation_tables
from experiments.pages.comparisons import COMPARISONS_SECTIONS
from experiments.pages.kinds import KINDS_PAGE, KINDS_SECTIONS
from experiments.pages.learned import LEARNED_PAGE, LEARNED_SECTIONS
from experiments.pages.recorded import RECORDED, recorded
from experiments.pages.records import RECORDS_PAGE, RECORDS_SECTIONS, REPORTING_PAGE, REPORTING_SECTIONS
from experiments.pages.speeds import first_use_table, phases_table, speeds_table, training_table
from experiments.pages.standard import STANDARD_PAGE, standard_table
from experiments.proofs.tables import agreement_table, hard_classes_table, roofline_agreement_table
from experiments.scheduling.both_ways import both_ways_table
from experiments.scheduling.learners_table import learners_table
from experiments.scheduling.task_caches import caches_table
from experiments.scheduling.trace_halves import halves_table
from experiments.speed.exact.tables import ratio_table
from experiments.speed.scale import scale_table
from experiments.speed.workers import workers_table

FIRST_COLUMNS = 5
"""Of the comparison, in the README; its page has all."""


def environments_table() -> Table:
    """Every registered environment, with its question."""
    rows = [(f"`{one.id}`", one.question, one.summary) for one in ENVIRONMENTS.values()]
    return Table(("environment", "question", "a step; action"), rows)


def baselines_table() -> Table:
    """Every solver of batches or episodes, with its module and the first sentence of its docstring."""
    rows = [
        (
            f"`{one.__name__}`",
            f"`{one.__module__}`",
            re.split(r"\.\s", (one.__doc__ or "").strip())[0].rstrip("."),
        )
        for package in (solvers, rules, hindsight)
        for module in sorted(module.name for module in iter_modules(package.__path__, f"{package.__name__}."))
        for one in vars(import_module(module)).values()
        if isinstance(one, type) and one.__module__ == module and hasattr(one, "solve")
        if not isabstract(one) and Protocol not in one.__bases__
    ]
    return Table(("baseline", "in", "what it serves"), rows)


def comparison_table() -> Table:
    """The recorded comparison on `carry-over`."""
    record = recorded("compare-carry-over")
    return table_of_comparison(record["policies"], record["oracle"])


def short_comparison_table() -> Table:
    """Its first columns."""
    all_columns = comparison_table()
    return Table(all_columns.headings[:FIRST_COLUMNS], [row[:FIRST_COLUMNS] for row in all_columns.rows])


def _of_validation(table: Callable[[Any], Table]) -> Callable[[], Table]:
    """A table of the recorded validation of the inference model."""
    return lambda: table(recorded("validate_model"))


def _of_trainings(make: Callable[[Mapping[str, Any]], Table], names: Sequence[str]) -> Callable[[], Table]:
    """A table of recorded trainings, by the names of the policies."""
    return lambda: make({name: recorded(f"train-{name}") for name in names})


def _schedulers_table() -> Table:
    trainings = {name: recorded(f"train-{name}") for name in scheduler_tables.NAMES}
    return scheduler_tables.schedulers_table(trainings, recorded("schedules")["scenarios"])


Sections = Mapping[str, Callable[[], Table]]
"""Names of sections, each between `<!-- name -->` and `<!-- /name -->`, and what fills them."""

PAGES: dict[Path, Sections] = {
    Path("README.md"): {"comparison": short_comparison_table, "environments": environments_table},
    Path("docs/comparison.md"): {"comparison": comparison_table},
    Path("docs/model.md"): {
        "validation": _of_validation(validation_tables.summary_table),
        "validation-targets": _of_validation(validation_tables.targets_table),
        "validation-told": _of_validation(validation_tables.told_table),
        "validation-mixtures": _of_validation(validation_tables.mixtures_table),
        "validation-kinds": _of_validation(validation_tables.bad_kinds_table),
        "validation-worst": _of_validation(validation_tables.worst_table),
        "validation-sources": _of_validation(validation_tables.disagreement_table),
        "validation-floors": _of_validation(validation_tables.floors_table),
        "validation-spreads": _of_validation(validation_tables.spreads_table),
        "validation-assumed": _of_validation(validation_tables.assumed_table),
    }
    | {f"validation-{split}": _of_validation(partial(validation_tables.split_table, split=split)) for split in SPLITS},
    Path("docs/how-to/machine.md"): {
        "calibration": lambda: calibration_table(recorded("replay")),
        "replay": lambda: replay_table(recorded("replay")),
        "replay-busy": lambda: replay_table(recorded("replay-busy")),
        "calibration-iterations": lambda: calibration_table(recorded("replay-iterations")),
        "replay-iterations": lambda: replay_table(recorded("replay-iterations")),
    },
    Path("docs/agents.md"): {
        "task-caches": lambda: caches_table(recorded("task_caches")),
        "learned-calls": _of_trainings(task_tables.calls_table, task_tables.NAMES),
        "learned-order": lambda: task_tables.order_table(recorded(f"train-{task_tables.ORDER}")),
        "learned-tasks": lambda: task_tables.tasks_table(recorded("train-tasks-agents-signals")),
    },
    Path("docs/oracles.md"): {
        "baselines": baselines_table,
        "scale": lambda: scale_table(recorded("assignment_scale")),
    },
    Path("docs/certificates.md"): {"certificates": lambda: certificates_table(recorded("certificates"))},
    Path("docs/iterations.md"): {"both-ways": lambda: both_ways_table(recorded("both_ways"))},
    Path("docs/speed.md"): {
        "benchmark": lambda: speeds_table(recorded("benchmark")),
        "first-use": lambda: first_use_table(recorded("first_use")),
        "phases": lambda: phases_table(recorded("benchmark")),
        "training": lambda: training_table(recorded("training_benchmark")),
        "workers": lambda: workers_table(recorded("workers")),
    },
    LEARNED_PAGE: LEARNED_SECTIONS
    | {name: _of_trainings(make, NAMES) for name, make in ALLOCATION_TABLES.items()}
    | {"schedulers": _schedulers_table, "engine-learners": lambda: learners_table(recorded("engine_learners"))}
    | {"trace-halves": lambda: halves_table(recorded("trace_halves"))}
    | {"placements": _of_trainings(placement_tables.placements_table, placement_tables.NAMES)}
    | {"decentral": lambda: decentral_table(recorded("decentral")), "bids": lambda: bids_table(recorded("bids"))}
    | {"levels": lambda: level_tables.levels_table(recorded(f"train-{level_tables.NAME}"))}
    | {"racks": _of_trainings(rack_tables.racks_table, rack_tables.NAMES)},
    KINDS_PAGE: KINDS_SECTIONS,
    RECORDS_PAGE: RECORDS_SECTIONS,
    REPORTING_PAGE: REPORTING_SECTIONS,
    STANDARD_PAGE: {"standard-algorithms": standard_table},
    Path("docs/mechanisms.md"): {"mechanisms": mechanisms_table} | COMPARISONS_SECTIONS,
    Path("docs/robustness.md"): {
        "faults": lambda: faults_table(RECORDED, KINDS),
        "agreement": lambda: agreement_table(recorded("solver_proofs")),
        "roofline-agreement": lambda: roofline_agreement_table(recorded("roofline_proofs")),
        "ratios": lambda: ratio_table(recorded("oracle_benchmark")["ratios"]),
        "hard-classes": lambda: hard_classes_table(recorded("solver_proofs")),
        "soak": lambda: soak_table(RECORDED),
    },
}
"""Every page that is written by hand and has tables that are made."""


def pages_with_tables() -> dict[Path, str]:
    """Every page of PAGES with its tables filled anew; to be called in the repository's root."""
    return {page: with_tables(page.read_text(encoding="utf-8"), sections) for page, sections in PAGES.items()}


def with_tables(text: str, sections: Sections) -> str:
    """A Markdown text with every section filled anew; ValueError when a section's marks are missing."""
    for name, make in sections.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"no section between <!-- {name} --> and <!-- /{name} -->")
        text = f"{before}{begin}{make().markdown()}\n{end}{after}"
    return text
