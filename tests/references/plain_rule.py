"""The feasibility rule and the batch costs of `docs/model.md` in plain Python.

Written from that page and independent of the compiled rule: every sum runs over the requests one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from math import fsum

from edge_llm_baselines import BatchProblem
from edge_llm_env import Scenario
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial

TOLERANCE = 1e-9  # relative excess over a capacity that still counts as within it


def is_feasible(problem: BatchProblem, selected: Sequence[bool]) -> bool:
    """Constraints 1 to 4 of `docs/model.md`."""
    batch = [i for i in range(len(problem)) if selected[i]]
    asked, rule = problem.candidates, problem.rule
    uplink_fits = fits(fsum(asked.uplink_share[i] for i in batch), 1.0)
    downlink_fits = fits(fsum(asked.downlink_share[i] for i in batch), 1.0)
    memory_fits = fits(memory_bytes(problem, batch), rule.memory_limit_bytes)
    time_s = compute_s(problem, batch)
    in_window = fits(time_s, rule.window_s)
    on_time = all(fits(time_s, asked.slack_s[i]) for i in batch)
    return uplink_fits and downlink_fits and memory_fits and in_window and on_time


def fits(amount: float, capacity: float) -> bool:
    return amount <= capacity + TOLERANCE * capacity


def compute_s(problem: BatchProblem, batch: Iterable[int]) -> float:
    """t_comp (s) of the batch of the requests of these indices, 0 if it is empty."""
    batch = list(batch)
    own = fsum(problem.candidates.compute_s[i] for i in batch)
    return own + affine_cost(problem, problem.rule.compute_s, batch) if batch else 0.0


def memory_bytes(problem: BatchProblem, batch: Iterable[int]) -> float:
    """Weights and KV cache (bytes) of the batch of the requests of these indices."""
    batch = list(batch)
    return fsum(problem.candidates.memory_bytes[i] for i in batch) + affine_cost(
        problem, problem.rule.memory_bytes, batch
    )


def affine_cost(problem: BatchProblem, cost: AffineCost, batch: list[int]) -> float:
    """base(s', n') + Σ marginal(s_i, n_i), with the lengths of each request as computed."""
    prompts = [problem.candidates.prompt_tokens[i] for i in batch]
    outputs = [problem.candidates.output_tokens[i] for i in batch]
    longest_s, longest_n = max(prompts, default=0.0), max(outputs, default=0.0)
    if problem.rule.pads_prompts:
        prompts = [longest_s] * len(batch)
    if problem.rule.pads_outputs:
        outputs = [longest_n] * len(batch)
    marginals = (value(cost.marginal, s, n) for s, n in zip(prompts, outputs, strict=True))
    return value(cost.base, longest_s, longest_n) + fsum(marginals)


def value(polynomial: Polynomial, s: float, n: float) -> float:
    monomials = (1.0, s, s * s, n, n * n, s * n)
    return fsum(coefficient * monomial for coefficient, monomial in zip(polynomial, monomials, strict=True))


def largest_feasible(problem: BatchProblem) -> int:
    """The size of the largest feasible batch, by trying all of them."""
    everyone = range(len(problem))
    batches = chain.from_iterable(combinations(everyone, size) for size in range(len(problem), 0, -1))
    feasible = (batch for batch in batches if is_feasible(problem, [i in batch for i in everyone]))
    return len(next(feasible, ()))


def paper_compute_s(scenario: Scenario, prompts: Sequence[int], outputs: Sequence[int]) -> float:
    """t = β·FLOPs/C, token by token, of a batch with the lengths that users sent."""
    decoder, flops_per_s = scenario.decoder, 1.33e12 * scenario.node.modules
    layers, d, f = decoder.layers, decoder.d_model, decoder.d_ff
    flops = 0
    for s, n in padded(scenario, prompts, outputs):
        flops += layers * (8 * s * d**2 + 4 * s * d * f + 4 * s**2 * d)
        flops += sum(layers * (8 * d**2 + 4 * d * f + 4 * (s + k) * d) for k in range(1, n))
    return scenario.quantization.compute_factor * flops / flops_per_s


def paper_memory_bytes(scenario: Scenario, prompts: Sequence[int], outputs: Sequence[int]) -> float:
    """α·2L(4d² + 2df) + 4Ld·Σ(s' + n_i)."""
    decoder = scenario.decoder
    layers, d, f = decoder.layers, decoder.d_model, decoder.d_ff
    weights = scenario.quantization.memory_factor * 2 * layers * (4 * d**2 + 2 * d * f)
    return weights + 4 * layers * d * sum(s + n for s, n in padded(scenario, prompts, outputs))


def padded(scenario: Scenario, prompts: Sequence[int], outputs: Sequence[int]) -> list[tuple[int, int]]:
    """The lengths of each request as computed, under the scenario's padding."""
    node = scenario.node
    if node.prompt_padding == "fixed":
        prompts = [node.fixed_prompt_tokens] * len(prompts)
    elif node.prompt_padding == "batch_max":
        prompts = [max(prompts)] * len(prompts)
    if node.output_length == "batch_max":
        outputs = [max(outputs)] * len(outputs)
    return list(zip(prompts, outputs, strict=True))
