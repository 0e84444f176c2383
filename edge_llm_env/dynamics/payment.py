"""What a step earns: a reward term grows by its weight times what has happened, whoever serves the requests."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.scenarios.sections.reward_settings import R_ENERGY, R_SERVED, R_TOKENS
from edge_llm_env.support.compilation.compiling import compiled


class Paying(Protocol):
    """What of a scenario's constants is needed."""

    @property
    def reward_weights(self) -> NDArray[np.float64]:
        """(terms,)"""
        ...


class Paid(Protocol):
    """What of the state of rows is needed."""

    @property
    def reward_terms(self) -> NDArray[np.float64]:
        """(R, terms)"""
        ...


class Spending(Paid, Protocol):
    """What of the state of rows is needed where energy is counted."""

    @property
    def energy_j(self) -> NDArray[np.float64]:
        """(R,)"""
        ...


@compiled
def pay(params: Paying, state: Paid, row: int, term: int, quantity: float) -> None:
    """Pay a term for so much of what it weighs."""
    state.reward_terms[row, term] += params.reward_weights[term] * quantity


@compiled
def pay_answer(params: Paying, state: Paid, row: int, tokens: float, part: float) -> None:
    """Pay for a request that is served and its output tokens, or for a part of both, in 0..1."""
    pay(params, state, row, R_SERVED, part)
    state.reward_terms[row, R_TOKENS] += params.reward_weights[R_TOKENS] * tokens * part


@compiled
def spend(params: Paying, state: Spending, row: int, joules: float) -> None:
    """Count energy that is spent, and pay for it."""
    state.energy_j[row] += joules
    pay(params, state, row, R_ENERGY, joules)
