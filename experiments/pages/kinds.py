"""Tables of the kinds that a scenario chooses among, made from the tables in the code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic.fields import FieldInfo

from edge_llm_env.arrivals.table import ARRIVALS
from edge_llm_env.beliefs.table import LENGTH_BELIEFS
from edge_llm_env.inference.cost_models.table import COST_MODELS
from edge_llm_env.radio.fading.table import FADINGS
from edge_llm_env.radio.path_losses.table import PATH_LOSSES
from edge_llm_env.radio.rate_models.table import RATE_MODELS
from edge_llm_env.scenarios.sections.reward_settings import RewardWeights
from edge_llm_env.selections.table import KERNELS
from edge_llm_env.support.section import Section
from edge_llm_env.support.tables import NO_VALUE, Table
from edge_llm_env.tasks.kinds.table import TASK_KINDS

KINDS_PAGE = Path("docs/reference/kinds.md")


def kind_name(kind: type[Section]) -> str:
    """How a scenario names a kind: the literal of its `kind`."""
    return str(kind.model_fields["kind"].annotation.__args__[0])  # type: ignore[union-attr]


def settings_kinds_table(kinds: Sequence[type[Section]]) -> Table:
    """Kinds that are tables of a scenario: names, first sentences and settings."""
    rows = [
        (
            f"`{kind_name(kind)}`",
            first_sentence(kind),
            "<br>".join(_setting(name, field) for name, field in kind.model_fields.items() if name != "kind")
            or NO_VALUE,
        )
        for kind in kinds
    ]
    return Table(("kind", "what it is", "its settings"), rows)


def first_sentence(thing: object) -> str:
    """Of a docstring, on one line and without its full stop."""
    summary, _, _ = (inspect.getdoc(thing) or "").partition("\n\n")
    return " ".join(summary.split()).rstrip(".")


def _setting(name: str, field: FieldInfo) -> str:
    default = "" if field.is_required() or field.default is None else f" (`{field.default}`)"
    return f"`{name}`{default}" + (f": {field.description}" if field.description else "")


def cost_models_table() -> Table:
    """Every cost model, and what it counts as memory whatever the batch."""
    rows = [
        (f"`{name}`", first_sentence(model).partition(": ")[2], model.held_always)
        for name, model in COST_MODELS.items()
    ]
    return Table(("`node.cost_model`", "what a batch is charged for", "held whatever the batch"), rows)


def batch_selections_table() -> Table:
    """Every way in which a node selects its batch, by its kernel's docstring."""
    rows = [(f"`{name}`", first_sentence(kernel).partition(", bool of")[0]) for name, kernel in KERNELS.items()]
    return Table(("`node.batch_selection`", "whom the node computes"), rows)


def reward_terms_table() -> Table:
    """Names, weights and units of the terms of the reward."""
    rows = []
    for term, field in RewardWeights.model_fields.items():
        unit = dict(field.json_schema_extra)["unit"]  # type: ignore[arg-type]
        rows.append((f"`{term}`", f"`reward.{term}`", f"{field.default:g}", f"{unit}, ≥ 0", str(field.description)))
    return Table(("term", "weight", "default", "unit of the quantity", "meaning"), rows)


KINDS_SECTIONS: dict[str, Callable[[], Table]] = {
    "arrivals": lambda: settings_kinds_table(ARRIVALS),
    "path losses": lambda: settings_kinds_table(PATH_LOSSES),
    "fading": lambda: settings_kinds_table(FADINGS),
    "rate models": lambda: settings_kinds_table(RATE_MODELS),
    "length beliefs": lambda: settings_kinds_table(LENGTH_BELIEFS),
    "task kinds": lambda: settings_kinds_table(TASK_KINDS),
    "cost models": cost_models_table,
    "batch selections": batch_selections_table,
    "reward terms": reward_terms_table,
}
"""Sections of the page, and what fills them."""
