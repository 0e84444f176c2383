"""Epoch problems of a given size to time solvers on: the paper's cost model, with chosen capacities made scarce."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np

from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.solver.candidates import Candidates

Scarce = Literal["compute", "bandwidth", "all"]
Lengths = Literal["paper", "different"]
Padding = Literal["none", "prompt", "output", "both"]

PLENTY = 10.0
"""What a capacity that is not scarce holds, as a multiple of what a scarce one would."""

WINDOW_S = 1.5


def random_problem(
    rng: np.random.Generator, pending: int, scarce: Scarce, lengths: Lengths, padding: Padding, weighted: bool = False
) -> BatchProblem:
    """A problem in which each scarce capacity holds a quarter to six tenths of what all pending requests need.

    Lengths are from {128, 256, 512}, or all different from 16 on; slacks are uniform up to the window; channel gains
    spread over 20 dB, one for both directions in half of the problems. `padding` says which lengths are padded to the
    longest of the batch. Values are all 1, or uniform between 0 and 1 if `weighted`.
    """
    rule = padded_rule(padding)
    if lengths == "paper":
        s, n = rng.choice([128.0, 256.0, 512.0], (2, pending))
    else:
        longest = max(2048, 2 * pending)
        s, n = (rng.choice(np.arange(16.0, longest), pending, replace=False) for _ in range(2))
    uplink_gain = 10.0 ** rng.uniform(-2.0, 0.0, pending)
    downlink_gain = uplink_gain if rng.random() < 0.5 else 10.0 ** rng.uniform(-2.0, 0.0, pending)
    uplink, downlink = s / np.log2(1.0 + 50.0 * uplink_gain), n / np.log2(1.0 + 50.0 * downlink_gain)
    compute, memory = total(rule.compute_s, s, n), total(rule.memory_bytes, s, n)
    fraction = rng.uniform(0.25, 0.6)
    held = {
        resource: fraction * (1.0 if scarce in (resource, "all") else PLENTY)
        for resource in ("compute", "bandwidth", "memory")
    }
    time_scale = WINDOW_S / 2.0 / (held["compute"] * compute)
    rule = rule._replace(
        compute_s=AffineCost(rule.compute_s.base, rule.compute_s.marginal.scaled(time_scale)),
        window_s=WINDOW_S,
        memory_limit_bytes=rule.memory_bytes.base.constant + held["memory"] * memory,
    )
    nothing = np.zeros(pending)
    return BatchProblem(
        rule,
        Candidates(
            s,
            n,
            rng.uniform(0.03, 1.0, pending) * WINDOW_S,
            uplink / (uplink.sum() * held["bandwidth"]),
            downlink / (downlink.sum() * held["bandwidth"]),
            nothing,
            nothing,
        ),
        rng.uniform(0.0, 1.0, pending) if weighted else np.ones(pending),
    )


@cache
def padded_rule(padding: Padding) -> Rule:
    """The rule of `paper-bloom-3b` under a padding."""
    overrides = {
        "node.prompt_padding": "batch_max" if padding in ("prompt", "both") else "none",
        "node.output_length": "batch_max" if padding in ("output", "both") else "per_request",
    }
    return rule_of(node_params(load_scenario("paper-bloom-3b", **overrides)))


def total(cost: AffineCost, s: np.ndarray, n: np.ndarray) -> float:
    """Σ marginal costs of requests with their own lengths (tokens)."""
    return float(sum(cost.marginal(prompt, output) for prompt, output in zip(s, n, strict=True)))
