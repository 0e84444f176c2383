"""The factors of terms as fitted, and the costs that follow from them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.alike import Alike
from edge_llm_env.inference.factors.effects import effects, engine_effect, memory_effects
from edge_llm_env.inference.factors.priors import prior
from edge_llm_env.inference.factors.regression import hidden_s
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import unit_terms
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.memory import memory_terms

Effects = Mapping[str, float]
"""Effect → factor; one that is missing is what its prior expects."""


FITTED_FILE = files(__package__).joinpath("fitted.json")
"""The effects and the spreads of predictions, written by `python scripts/benchmark.py model --write-factors`."""


@cache
def fitted_effects() -> Effects:
    """The effects fitted to the published measurements."""
    stored = json.loads(FITTED_FILE.read_text(encoding="utf-8"))
    return {name: float(value) for name, value in stored["effects"].items()}


@cache
def fitted_alike() -> Alike:
    """What residuals of one machine and phase have in common, from published measurements."""
    return Alike(**json.loads(FITTED_FILE.read_text(encoding="utf-8"))["alike"])


def with_own(known: Effects, engine: Engine) -> Effects:
    """Effects with those that the engine itself brings, where it does, in place of what is known of it."""
    if not engine.factors:
        return known
    return dict(known) | {engine_effect(term, engine): value for term, value in engine.factors}


def factor(names: tuple[str, ...], known: Effects) -> float:
    """The product of effects."""
    return math.prod(known[name] if name in known else math.exp(prior(name).mean) for name in names)


def time_terms(case: Case, known: Effects, *, modules: int = 1, largest_batch: int = 1) -> dict[str, IterationCost]:
    """Seconds of each term of an iteration, decode passes less what a lone sequence hides of products and traffic."""
    return overlapped(apart(case, known, modules=modules, largest_batch=largest_batch))


def apart(case: Case, known: Effects, *, modules: int = 1, largest_batch: int = 1) -> dict[str, IterationCost]:
    """Seconds of each term of an iteration if nothing overlapped."""
    units = unit_terms(*case, modules=modules, largest_batch=largest_batch)
    return {term: unit.scaled(factor(effects(term, *case), known)) for term, unit in units.items()}


def overlapped(terms: Mapping[str, IterationCost]) -> dict[str, IterationCost]:
    """The terms of an iteration, decode passes less what a lone sequence hides of products and traffic.

    The products of one sequence are done while weights are read, so that little more than the longer of the two
    counts; those of further sequences are added, which keeps the cost of a batch affine. No more is taken from a pass
    than it reads whatever the batch, so that passes never cost less than nothing: what else is hidden is taken from
    each sequence.
    """
    terms = dict(terms)
    weights, compute = terms["weights"], terms["compute"]
    read_alone = weights.decode_pass + weights.decode_sequence
    shorter = "compute" if compute.decode_sequence < read_alone else "weights"
    hidden = hidden_s(compute.decode_sequence, read_alone)
    of_pass = min(hidden, weights.decode_pass)
    terms[shorter] = terms[shorter]._replace(
        decode_pass=terms[shorter].decode_pass - of_pass,
        decode_sequence=terms[shorter].decode_sequence - (hidden - of_pass),
    )
    return terms


def iteration_s(case: Case, known: Effects, *, modules: int = 1, largest_batch: int = 1) -> IterationCost:
    """Seconds of an iteration on so many pooled modules: the sum of `time_terms`."""
    total = IterationCost()
    for term in time_terms(case, known, modules=modules, largest_batch=largest_batch).values():
        total = total.plus(term)
    return total


def memory_bytes(case: Case, known: Effects, *, modules: int = 1) -> AffineCost:
    """Bytes that a batch holds on so many pooled modules, weights and runtime included."""
    total = AffineCost(Polynomial(), Polynomial())
    for cost in held_terms(case, known, modules=modules).values():
        total = total.plus(cost)
    return total


def held_terms(case: Case, known: Effects, *, modules: int = 1) -> dict[str, AffineCost]:
    """The same by what it holds, of `MEMORY_TERMS`."""
    terms = memory_terms(case.decoder, case.precision, case.engine, modules=modules)
    return {term: cost.scaled(factor(memory_effects(term, case.engine), known)) for term, cost in terms.items()}
