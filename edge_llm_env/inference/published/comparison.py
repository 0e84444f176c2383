"""A published value beside the predicted one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.factors.fitted import Effects, fitted_effects
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.mechanisms.chosen import Mechanisms
from edge_llm_env.inference.mechanisms.serving import batch_s, iteration_s


class Comparison(NamedTuple):
    """One published value and the prediction of the same."""

    what: str
    """In words: model, device, setting."""
    published: float
    predicted: float
    unit: str
    source: str
    reason: str = ""
    """Why the row is beyond the mechanism, and so not counted; empty: it is counted."""

    @property
    def error(self) -> float:
        """Relative error of the prediction."""
        return self.predicted / self.published - 1.0


def mean_error(rows: Iterable[Comparison]) -> float:
    """Mean absolute relative error of the rows that count."""
    errors = [abs(row.error) for row in rows if not row.reason]
    return sum(errors) / len(errors)


def case_of(decoder: str, precision: str, device: str, engine: str) -> Case:
    """What runs where, by names of the catalogue."""
    return Case(load_decoder(decoder), load_precision(precision), load_device(device), load_engine(engine))


def decode_s(
    case: Case,
    mechanisms: Mechanisms,
    lengths: Sequence[int],
    *,
    modules: int = 1,
    known: Effects | None = None,
) -> float:
    """Seconds that a batch takes per token of each request after the first; `lengths`: batch, prompt, output."""
    batch, prompt, output = lengths
    cost = _batch(case, mechanisms, batch, modules, known)
    return (cost.of_equals(batch, prompt, output) - cost.of_equals(batch, prompt, 1)) / (output - 1)


def generation_s(case: Case, mechanisms: Mechanisms, lengths: Sequence[int], *, modules: int = 1) -> float:
    """Seconds that a batch takes, prefill and decode; `lengths`: batch, prompt, output."""
    return _batch(case, mechanisms, lengths[0], modules, None).of_equals(*lengths)


def _batch(case: Case, mechanisms: Mechanisms, batch: int, modules: int, known: Effects | None) -> AffineCost:
    effects = fitted_effects() if known is None else known
    one_pass = iteration_s(case, effects, mechanisms, modules=modules, largest_batch=batch)
    return batch_s(one_pass, mechanisms)


def prefill_s(case: Case, mechanisms: Mechanisms, lengths: Sequence[int], *, known: Effects | None = None) -> float:
    """Seconds until every request of a batch has its first token; `lengths`: batch, prompt."""
    batch, prompt = lengths
    return _batch(case, mechanisms, batch, 1, known).of_equals(batch, prompt, 1)
