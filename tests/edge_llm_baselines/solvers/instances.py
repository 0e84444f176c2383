"""Families of random epoch problems, each made so that something particular decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_llm_baselines import BatchProblem
from edge_llm_env import Scenario, load_scenario
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates
from tests.references import plain_rule
from tests.support.helpers import ROOFLINE

TIGHT, LOOSE = (0.3, 0.8), (2.0, 3.0)
"""What a capacity holds, as a range of fractions of what all requests together need."""

LENGTHS = (128.0, 256.0, 512.0)
FIXED_PROMPT = 512
ENGINES = (None, "transformers", "llama.cpp", "autoawq-gemv", "vllm")
"""One of each kind, and one that multiplies prompts token by token; prompts' activations are held whole or by chunk."""


def problems(family: str, count: int, sizes: tuple[int, int]) -> Iterator[BatchProblem]:
    """So many problems of a family, with at least and at most so many requests, the same in every run."""
    for index in range(count):
        rng = np.random.default_rng([crc32(family.encode()), index, *sizes])
        yield FAMILIES[family](rng, int(rng.integers(sizes[0], sizes[1], endpoint=True)))


def without(problem: BatchProblem, constraint: str) -> BatchProblem:
    """The problem relaxed by one of CONSTRAINTS."""
    rule, candidates = problem.rule, problem.candidates
    if constraint == "window":
        rule = rule._replace(window_s=1e30)
    elif constraint == "memory":
        rule = rule._replace(memory_limit_bytes=1e30)
    else:
        field, harmless = {
            "slack": ("slack_s", 1e30),
            "uplink": ("uplink_share", 0.0),
            "downlink": ("downlink_share", 0.0),
        }[constraint]
        candidates = candidates._replace(**{field: np.full(len(problem), harmless)})
    return BatchProblem(rule, candidates, problem.values)


CONSTRAINTS = ("uplink", "downlink", "memory", "slack", "window")


def knapsack(
    rng: Generator,
    size: int,
    *,
    uplink: tuple[float, float] = LOOSE,
    downlink: tuple[float, float] = LOOSE,
    memory: tuple[float, float] = LOOSE,
    slack: tuple[float, float] = LOOSE,
    window: tuple[float, float] = LOOSE,
) -> BatchProblem:
    """Costs that add up, with every capacity as tight as told; the slack's tightness is drawn per request."""
    compute_s, memory_bytes, uplink_need, downlink_need = rng.uniform(0.2, 1.8, (4, size))
    return BatchProblem.additive(
        compute_s,
        uplink_need / (uplink_need.sum() * rng.uniform(*uplink)),
        downlink_need / (downlink_need.sum() * rng.uniform(*downlink)),
        memory_bytes,
        compute_s.sum() * rng.uniform(*slack, size),
        window_s=compute_s.sum() * rng.uniform(*window),
        memory_limit_bytes=memory_bytes.sum() * rng.uniform(*memory),
    )


def compute_bound(rng: Generator, size: int) -> BatchProblem:
    return knapsack(rng, size, window=TIGHT)


def uplink_bound(rng: Generator, size: int) -> BatchProblem:
    return knapsack(rng, size, uplink=TIGHT)


def downlink_bound(rng: Generator, size: int) -> BatchProblem:
    return knapsack(rng, size, downlink=TIGHT)


def memory_bound(rng: Generator, size: int) -> BatchProblem:
    return knapsack(rng, size, memory=TIGHT)


def slack_bound(rng: Generator, size: int) -> BatchProblem:
    return knapsack(rng, size, slack=(0.1, 1.2))


def all_bound(rng: Generator, size: int) -> BatchProblem:
    near = (0.4, 0.8)
    return knapsack(rng, size, uplink=near, downlink=near, memory=near, slack=(0.3, 2.0), window=near)


def few_classes_one_gain(rng: Generator, size: int) -> BatchProblem:
    """Three lengths, and one gain for both directions: every class is a chain."""
    length = rng.choice([1.0, 2.0, 4.0], size)
    need = length * rng.exponential(1.0, size)
    return BatchProblem.additive(
        0.1 * length,
        need / (need.sum() * rng.uniform(*TIGHT)),
        need / (need.sum() * rng.uniform(*TIGHT)),
        length,
        rng.uniform(0.1, 0.15 * size, size),
        window_s=0.1 * length.sum() * rng.uniform(*TIGHT),
        memory_limit_bytes=length.sum() * rng.uniform(*TIGHT),
    )


def opposite_orders(rng: Generator, size: int) -> BatchProblem:
    """One or two classes, in which who needs more uplink needs less downlink: no two are comparable."""
    compute_s = rng.choice([1.0, 2.0], size) if rng.random() < 0.5 else np.ones(size)
    share = np.sort(rng.uniform(0.02, 0.5, size))
    return BatchProblem.additive(
        compute_s,
        share,
        share[::-1] * rng.uniform(0.8, 1.2),
        np.ones(size),
        rng.uniform(1.0, size, size),
        window_s=float(size),
        memory_limit_bytes=float(size),
    )


def ties(rng: Generator, size: int) -> BatchProblem:
    """Small whole costs, so that equal sums and exact hits are the rule."""
    return BatchProblem.additive(
        rng.integers(0, 4, size),
        rng.integers(0, 4, size) / 8,
        rng.integers(0, 4, size) / 8,
        rng.integers(0, 4, size),
        rng.integers(0, 2 * size + 1, size),
        window_s=float(rng.integers(1, 2 * size + 1)),
        memory_limit_bytes=float(rng.integers(1, 2 * size + 1)),
    )


def equal_requests(rng: Generator, size: int) -> BatchProblem:
    return BatchProblem.additive(
        *np.repeat(rng.uniform(0.05, 0.5, (4, 1)), size, axis=1),
        np.full(size, rng.uniform(0.5, 3.0)),
        window_s=rng.uniform(0.5, 3.0),
        memory_limit_bytes=rng.uniform(0.5, 3.0),
    )


def shares_that_fill_a_band(rng: Generator, size: int) -> BatchProblem:
    """Tenths, of which sums miss 1 by the last bit on either side: ten times 0.1 < 1 < 0.2 + 0.4 + 0.3 + 0.1.

    In half of the problems they are up to 1.5e-9 larger, so that sums are also on either side of the tolerance.
    """
    tenths = np.array([0.1, 0.1, 0.2, 0.3, 0.4])
    if rng.random() < 0.5:
        tenths = tenths * (1.0 + 5e-10 * rng.integers(0, 4, len(tenths)))
    return BatchProblem.additive(
        np.full(size, 0.1),
        rng.choice(tenths, size),
        rng.choice(tenths, size),
        np.full(size, 0.1),
        0.1 * rng.integers(1, size + 1, size),
        window_s=0.1 * rng.integers(1, size + 1),
        memory_limit_bytes=0.1 * rng.integers(1, size + 1),
    )


def dead_channels(rng: Generator, size: int) -> BatchProblem:
    """Some requests whose share of a band is infinite."""
    problem = all_bound(rng, size)
    problem.candidates.uplink_share[rng.random(size) < 0.3] = np.inf
    problem.candidates.downlink_share[rng.random(size) < 0.2] = np.inf
    return problem


def nobody_can_be_served(rng: Generator, size: int) -> BatchProblem:
    """Each request breaks a constraint of its own already alone."""
    compute_s, memory_bytes, slack_s = rng.uniform(0.5, 1.0, (3, size)) * [[1.0], [1.0], [4.0]]
    uplink_share, downlink_share = rng.uniform(0.0, 0.2, (2, size))
    broken = rng.integers(0, 6, size)
    slack_s[broken == 0] = compute_s[broken == 0] * 0.99
    slack_s[broken == 1] = -0.5
    uplink_share[broken == 2] = 1.01
    downlink_share[broken == 3] = np.inf
    memory_bytes[broken == 4] = 2.1
    compute_s[broken == 5] = 1.6
    return BatchProblem.additive(
        compute_s, uplink_share, downlink_share, memory_bytes, slack_s, window_s=1.5, memory_limit_bytes=2.0
    )


def no_slack(rng: Generator, size: int) -> BatchProblem:
    """Slacks below, at and above zero; a request that costs no time may be served at slack 0, none below it."""
    return BatchProblem.additive(
        rng.choice([0.0, 0.5, 1.0], size),
        *rng.uniform(0.0, 0.4, (2, size)),
        rng.choice([0.0, 1.0], size),
        rng.choice([-1.0, -1e-12, 0.0, 0.5, 1.0, 2.0], size),
        window_s=float(rng.choice([0.0, 1.0, 2.0])),
        memory_limit_bytes=float(rng.integers(0, size + 1)),
    )


@cache
def scenario_rule(prompt_padding: str, output_length: str) -> Rule:
    """The rule of `carry-over` under a padding."""
    return rule_of(node_params(padded_scenario(prompt_padding, output_length)))


@cache
def padded_scenario(prompt_padding: str, output_length: str) -> Scenario:
    """`carry-over` under a padding."""
    overrides: dict[str, object] = {"node.prompt_padding": prompt_padding, "node.output_length": output_length}
    if prompt_padding == "fixed":
        overrides["node.fixed_prompt_tokens"] = FIXED_PROMPT
    return load_scenario("carry-over", **overrides)


def scenario_problem(rng: Generator, rule: Rule, prompts: NDArray, outputs: NDArray) -> BatchProblem:
    """Requests of these lengths under a rule, with gains that are at random one or two per request.

    The capacities are drawn anew, so that each of them binds in some of the problems.
    """
    size = len(prompts)
    uplink_gain = rng.exponential(1.0, size)
    downlink_gain = rng.exponential(1.0, size) if rng.random() < 0.5 else uplink_gain
    uplink_need, downlink_need = prompts / uplink_gain, outputs / downlink_gain
    nothing = np.zeros(size)
    candidates = Candidates(
        prompts,
        outputs,
        nothing,
        uplink_need / (uplink_need.sum() * rng.uniform(0.1, 1.0)),
        downlink_need / (downlink_need.sum() * rng.uniform(0.1, 1.0)),
        nothing,
        nothing,
    )
    unlimited = BatchProblem(rule, candidates, np.ones(size))
    compute_s = plain_rule.compute_s(unlimited, range(size))
    memory_bytes = plain_rule.memory_bytes(unlimited, range(size))
    least_bytes = plain_rule.memory_bytes(unlimited, [])
    return BatchProblem(
        rule._replace(
            window_s=compute_s * rng.uniform(0.3, 1.0),
            memory_limit_bytes=least_bytes + (memory_bytes - least_bytes) * rng.uniform(0.3, 1.0),
        ),
        candidates._replace(slack_s=compute_s * rng.uniform(0.05, 1.5, size)),
        np.ones(size),
    )


def padding_family(prompt_padding: str, output_length: str) -> Callable[[Generator, int], BatchProblem]:
    """The paper's cost model under one padding."""

    def family(rng: Generator, size: int) -> BatchProblem:
        outputs = rng.choice(LENGTHS, size)
        prompts = np.full(size, float(FIXED_PROMPT)) if prompt_padding == "fixed" else rng.choice(LENGTHS, size)
        return scenario_problem(rng, scenario_rule(prompt_padding, output_length), prompts, outputs)

    return family


@cache
def roofline_rule(decoder: str, engine: str | None, prompt_padding: str, output_length: str) -> Rule:
    """The rule of a decoder at 8 bits under the roofline cost model, an engine and a padding."""
    node = {"decoder": decoder, "precision": "w8a16", "prompt_padding": prompt_padding, "output_length": output_length}
    node |= {} if engine is None else {"engine": engine}
    overrides = ROOFLINE | {f"node.{field}": value for field, value in node.items()}
    return rule_of(node_params(load_scenario("carry-over", **overrides)))


def roofline_family(decoder: str) -> Callable[[Generator, int], BatchProblem]:
    """The roofline cost model, whose base grows with the longest output, under any engine and padding."""

    def family(rng: Generator, size: int) -> BatchProblem:
        engine = ENGINES[rng.integers(len(ENGINES))]
        rule = roofline_rule(
            decoder, engine, str(rng.choice(["none", "batch_max"])), str(rng.choice(["per_request", "batch_max"]))
        )
        return scenario_problem(rng, rule, rng.choice(LENGTHS, size), rng.choice(LENGTHS, size))

    return family


def base_family(compute: Polynomial, memory: Polynomial) -> Callable[[Generator, int], BatchProblem]:
    """A rule with base costs as a roofline model has them, under any padding.

    The coefficients are in units of what one request of 256 + 256 tokens costs, and of 256 tokens.
    """

    def family(rng: Generator, size: int) -> BatchProblem:
        rule = scenario_rule(str(rng.choice(["none", "batch_max"])), str(rng.choice(["per_request", "batch_max"])))
        rule = rule._replace(
            compute_s=with_base(rule.compute_s, compute), memory_bytes=with_base(rule.memory_bytes, memory)
        )
        return scenario_problem(rng, rule, rng.choice(LENGTHS, size), rng.choice(LENGTHS, size))

    return family


def with_base(cost: AffineCost, base: Polynomial) -> AffineCost:
    unit = plain_rule.value(cost.marginal, 256.0, 256.0)
    degrees = (0, 1, 2, 1, 2, 2)
    scaled = (float(unit * share / 256.0**degree) for share, degree in zip(base, degrees, strict=True))
    return AffineCost(cost.base.plus(Polynomial(*scaled)), cost.marginal)


ADDITIVE = {
    family.__name__: family
    for family in (
        compute_bound,
        uplink_bound,
        downlink_bound,
        memory_bound,
        slack_bound,
        all_bound,
        few_classes_one_gain,
        opposite_orders,
        ties,
        equal_requests,
        shares_that_fill_a_band,
        dead_channels,
        nobody_can_be_served,
        no_slack,
    )
}
PADDINGS = [
    (prompts, outputs) for prompts in ("none", "batch_max", "fixed") for outputs in ("per_request", "batch_max")
]
SCENARIOS = {f"{prompts}-{outputs}": padding_family(prompts, outputs) for prompts, outputs in PADDINGS} | {
    "base_of_longest_prompt": base_family(Polynomial(constant=0.1, s=0.3, s_squared=0.1), Polynomial()),
    "base_of_longest_output": base_family(Polynomial(n=0.5, n_squared=0.1), Polynomial(n=0.5)),
    "base_of_product": base_family(Polynomial(s_times_n=0.5), Polynomial()),
    "roofline_grouped_queries": roofline_family("llama-3.1-8b"),
    "roofline_mixture_of_experts": roofline_family("mixtral-8x7b"),
    "roofline_many_small_experts": roofline_family("qwen3-30b-a3b"),
    "base_of_memory": base_family(Polynomial(), Polynomial(constant=1.0, s=0.3, s_times_n=0.3)),
}
FAMILIES: dict[str, Callable[[Generator, int], BatchProblem]] = ADDITIVE | SCENARIOS
"""Each makes a problem of so many requests from a generator."""
