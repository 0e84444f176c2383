"""Classes of requests, whose mix is that of a hidden phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.arrivals.markov_modulated import MOST_CHANGES
from edge_llm_env.support.naming import shown
from edge_llm_env.support.quantities import DurationS, NonNegativeFloat, Variation
from edge_llm_env.support.section import Section

MOST_CLASSES = 16
"""Enough to tell apart."""


class ClassMix(Section):
    """Each request is of one class, drawn with the mix of the phase that it arrives in.

    Phases follow one another as a semi-Markov chain: each lasts a gamma time and is followed by another one, so with
    `length_variation` 1 the mix is Markov-modulated. An episode begins at a random moment of the chain.
    """

    names: tuple[str, ...] = Field(min_length=2, max_length=MOST_CLASSES, description="of the classes")
    mixes: tuple[tuple[NonNegativeFloat, ...], ...] = Field(
        min_length=1, description="of each phase, the weight of each class among its requests"
    )
    mean_lengths_s: tuple[DurationS, ...] = Field(min_length=1, description="mean time that each phase lasts")
    length_variation: Variation = Field(
        default=1.0, description="standard deviation over mean of the time that a phase lasts; 1 is exponential"
    )
    followed_by: tuple[tuple[NonNegativeFloat, ...], ...] | None = Field(
        default=None,
        description="of each phase, the weight of each phase as the next one; if not given, any other is as likely",
    )

    @model_validator(mode="after")
    def _every_phase_has_all(self) -> ClassMix:
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"names = {list(self.names)}: must differ from each other")
        phases = len(self.mixes)
        for field, each, size in (("mixes", self.mixes, len(self.names)), ("followed_by", self.followed_by, phases)):
            for weights in each or ():
                if len(weights) != size or not any(weights):
                    raise ValueError(f"{field}: {list(weights)} must have {size} weights, not all of them 0")
        for field, found in (
            ("mean_lengths_s", len(self.mean_lengths_s)),
            ("followed_by", len(self.mixes if self.followed_by is None else self.followed_by)),
        ):
            if found != phases:
                raise ValueError(f"{field} is of {found} phases: must be of as many as mixes, which has {phases}")
        reached = {0}
        chain = self.chain()
        for _ in range(phases):
            reached |= {int(later) for phase in reached for later in np.flatnonzero(chain[phase])}
        before = {0}
        for _ in range(phases):
            before |= {int(former) for phase in before for former in np.flatnonzero(chain[:, phase])}
        if len(reached & before) < phases:
            raise ValueError("followed_by: every phase must be reached from every other")
        return self

    def chain(self) -> NDArray[np.float64]:
        """Probabilities of the next phase, of shape (phases, phases), a row for each."""
        phases = len(self.mixes)
        if self.followed_by is None:
            return np.ones((1, 1)) if phases == 1 else (np.ones((phases, phases)) - np.eye(phases)) / (phases - 1)
        weights = np.array(self.followed_by)
        return weights / weights.sum(axis=1, keepdims=True)

    def shares(self) -> NDArray[np.float64]:
        """Share of each class among the requests of each phase, of shape (phases, classes)."""
        weights = np.array(self.mixes)
        return weights / weights.sum(axis=1, keepdims=True)

    def time_shares(self) -> NDArray[np.float64]:
        """Share of all time that each phase has, of shape (phases,)."""
        time_s = stationary(self.chain()) * np.array(self.mean_lengths_s)
        shares: NDArray[np.float64] = time_s / time_s.sum()
        return shares

    def changes(self, horizon_s: float) -> float:
        """How often phases change in an episode of that length, in expectation."""
        return horizon_s / float(stationary(self.chain()) @ np.array(self.mean_lengths_s))

    def check_episode(self, horizon_s: float) -> None:
        """Raise ValueError where phases change too often for an episode of that length."""
        if (changes := self.changes(horizon_s)) > MOST_CHANGES:
            raise ValueError(
                f"mean_lengths_s = {shown(self.mean_lengths_s)}: phases would change {changes:.4g} "
                f"times in the {horizon_s:.4g} s of an episode, must be at most {MOST_CHANGES:,} times"
            )

    def draw(self, rng: np.random.Generator, arrival_s: NDArray[np.float64], horizon_s: float) -> NDArray[np.int64]:
        """The class of each request that arrives, int64 of the shape of `arrival_s` (s, ascending)."""
        begins_s, phases = self.draw_phases(rng, horizon_s)
        at = phases[np.searchsorted(begins_s, arrival_s, side="right") - 1]
        upto = np.cumsum(self.shares(), axis=1)[:, :-1]
        return (rng.random(len(arrival_s))[:, None] >= upto[at]).sum(axis=1).astype(np.int64)

    def draw_phases(self, rng: np.random.Generator, horizon_s: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """When each phase of an episode begins (s, the first at 0) and which it is, up to the horizon.

        The first is met in proportion to how long it lasts; what is left of it is a uniform part of a length that is
        met in proportion to itself, gamma with shape 1/cv² + 1 (Cox, Renewal Theory, 1962).
        """
        shape, chain = 1.0 / self.length_variation**2, self.chain()
        phase = int(rng.choice(len(chain), p=self.time_shares()))
        begins_s, phases = [0.0], [phase]
        length_s = rng.random() * rng.gamma(shape + 1.0, self.mean_lengths_s[phase] / shape)
        while begins_s[-1] + length_s < horizon_s:
            phase = int(rng.choice(len(chain), p=chain[phase]))
            begins_s.append(begins_s[-1] + length_s)
            phases.append(phase)
            length_s = rng.gamma(shape, self.mean_lengths_s[phase] / shape)
        return np.array(begins_s), np.array(phases)


def stationary(chain: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often an irreducible chain visits each state, summing to 1, of shape (states,).

    Without a subtraction, so to machine precision (Grassmann, Taksar and Heyman, Operations Research 33(5), 1985).
    """
    left = np.array(chain, dtype=np.float64)
    for state in range(len(left) - 1, 0, -1):
        left[:state, state] /= left[state, :state].sum()
        left[:state, :state] += np.outer(left[:state, state], left[state, :state])
    visits = np.ones(len(left))
    for state in range(1, len(left)):
        visits[state] = visits[:state] @ left[:state, state]
    shares: NDArray[np.float64] = visits / visits.sum()
    return shares
