"""Random epochs of service levels: groups of different rules, with padding and without, tight in each resource."""

from __future__ import annotations

import numpy as np

from edge_llm_baselines.levels.exact.problem import LevelsProblem
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates


def random_epoch(
    rng: np.random.Generator, most_requests: int, most_groups: int = 3, kinds: int | None = None
) -> LevelsProblem:
    """An epoch in which somebody has to be left out as a rule; every request is of one of so many kinds, if given."""
    requests, groups = int(rng.integers(1, most_requests + 1)), int(rng.integers(1, most_groups + 1))
    compressions, shape = int(rng.integers(1, 4)), (requests, 1)
    ratio = np.array([1.0, 2.0, 5.0])[:compressions]
    whole, output = rng.choice([100.0, 200.0, 400.0], shape), rng.choice([16.0, 32.0, 64.0], shape)
    slack_s, tight = rng.uniform(0.3, 3.0, shape), rng.uniform(0.3, 1.5, 4)
    uplink, downlink = rng.uniform(0.0, 2.0 / requests, (2, *shape)) * tight[2:, None, None]
    of_kind = np.arange(requests) if kinds is None else rng.integers(min(kinds, requests), size=requests)
    whole, output, slack_s, uplink, downlink = (one[of_kind] for one in (whole, output, slack_s, uplink, downlink))
    pads = rng.random(2) < 0.3
    worth = np.sort(rng.random(groups)) if rng.random() < 0.7 else np.ones(groups)
    keeps = np.array([1.0, 0.95, 0.8])[:compressions]
    made = []
    for group in range(groups):
        speed, weights = rng.uniform(0.5, 4.0), rng.uniform(0.0, 1.0)
        rule = Rule(
            AffineCost(Polynomial(constant=0.1, n=0.004 * speed), Polynomial(s=0.0008 * speed, n=0.002 * speed)),
            AffineCost(Polynomial(constant=weights), Polynomial(s=0.001, n=0.001)),
            AffineCost(Polynomial(), Polynomial()),
            bool(pads[0]),
            bool(pads[1]),
            float(tight[0] * rng.uniform(0.5, 2.0)),
            float(weights + 0.2 * requests * tight[1]),
        )
        late_s, able = rng.choice([0.0, 0.2]), (rng.random(shape) < 0.8)[of_kind]

        def each(array: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(np.broadcast_to(array, (requests, compressions)).reshape(-1))

        candidates = Candidates(
            each(np.maximum(1.0, np.ceil(whole / ratio))),
            each(output),
            each(slack_s - late_s),
            each(uplink / ratio),
            each(downlink),
            each(0.0001 * whole * (ratio > 1.0)),
            each(np.zeros(shape)),
        )
        values = np.where(able, worth[group] * keeps, 0.0)
        made.append(BatchProblem(rule, candidates, each(values)))
    return LevelsProblem(tuple(made), compressions)
