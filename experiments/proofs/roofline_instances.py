"""Epoch problems under costs of the roofline model, of every kind of decoder, engine, format and padding."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.solver.candidates import Candidates

DECODERS = {
    "plain heads": "llama-2-7b",
    "grouped queries": "llama-3.1-8b",
    "two large experts of eight": "mixtral-8x7b",
    "eight small experts of 128": "qwen3-30b-a3b",
    "windows in every second layer": "gemma-2-9b",
}
"""Kind of decoder → one of the catalogue."""

MACHINES = (
    ("jetson-agx-orin-64gb", "tensorrt-edge-llm"),
    ("jetson-agx-orin-64gb", "llama.cpp"),
    ("rtx-4090", "autoawq-gemv"),
    ("rtx-4090", "vllm"),
    ("a100-80gb-sxm", "transformers"),
    ("a100-80gb-sxm", "tensorrt-llm"),
)
"""Devices and engines: whole prompts or chunks, a paged cache or not, products token by token, large launches."""

PRECISIONS = ("w16a16", "w8a16", "w4a16-awq")

PADDINGS = tuple(
    (prompts, outputs) for prompts in ("none", "batch_max", "fixed") for outputs in ("per_request", "batch_max")
)

LARGEST = 2048
"""Tokens of the longest prompt, and of the longest output."""


@cache
def rule(decoder: str, machine: tuple[str, str], precision: str, padding: tuple[str, str], slots: int) -> Rule:
    """The rule of `carry-over` with this decoder on this device under this engine, batches of at most so many."""
    device, engine = machine
    overrides: dict[str, object] = {
        "node.cost_model": "roofline",
        "node.device": device,
        "node.engine": engine,
        "node.modules": 1,
        "node.memory_bytes_per_module": 1e12,
        "node.decoder": decoder,
        "node.precision": precision,
        "node.perplexity_increase": 0.0,
        "node.prompt_padding": padding[0],
        "node.output_length": padding[1],
        "epoch.visible_slots": slots,
        "epoch.epoch_s": 600.0,
        "workload.latency_requirement_s.low": 600.0,
        "workload.latency_requirement_s.high": 900.0,
        "workload.prompt_tokens": [LARGEST],
        "workload.output_tokens": [LARGEST],
    }
    if padding[0] == "fixed":
        overrides["node.fixed_prompt_tokens"] = LARGEST
    return rule_of(node_params(load_scenario("carry-over", **overrides)))


def problem(decoder: str, seed: int, index: int, sizes: tuple[int, int]) -> BatchProblem:
    """One instance: a rule, lengths of a few classes or of any size, and capacities that bind now and then.

    Each capacity is drawn as a part of what all requests together take, so that any of them decides in some instances.
    Half of the instances count requests, half have values of their own.
    """
    rng = np.random.default_rng([seed, list(DECODERS.values()).index(decoder), index])
    size = int(rng.integers(sizes[0], sizes[1], endpoint=True))
    padding = PADDINGS[rng.integers(len(PADDINGS))]
    machine = MACHINES[rng.integers(len(MACHINES))]
    precision = PRECISIONS[rng.integers(len(PRECISIONS))]
    of = rule(decoder, machine, precision, padding, int(rng.choice([8, 64])))
    prompts, outputs = lengths(rng, size), lengths(rng, size)
    if padding[0] == "fixed":
        prompts = np.full(size, float(LARGEST))
    nothing = np.zeros(size)
    gains = rng.exponential(1.0, (2, size))
    needs = np.array([prompts, outputs]) / (gains if rng.random() < 0.5 else gains[0])
    shares = needs / (needs.sum(axis=1) * rng.uniform(0.1, 1.5, 2))[:, None]
    candidates = Candidates(prompts, outputs, nothing, shares[0], shares[1], nothing, nothing)
    everybody, nobody = np.ones(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    longest_s, most_bytes = taken(of, candidates, everybody)
    least_bytes = taken(of, candidates, nobody)[1]
    values = rng.uniform(0.0, 1.0, size) if index % 2 else np.ones(size)
    return BatchProblem(
        of._replace(
            window_s=longest_s * rng.uniform(0.3, 1.1),
            memory_limit_bytes=least_bytes + (most_bytes - least_bytes) * rng.uniform(0.3, 1.1),
        ),
        candidates._replace(slack_s=longest_s * rng.uniform(0.05, 1.5, size)),
        values,
    )


def lengths(rng: np.random.Generator, size: int) -> np.ndarray:
    """Tokens of three classes, or whole numbers spread evenly in logarithms from 16 to `LARGEST`."""
    if rng.random() < 0.5:
        return rng.choice([128.0, 256.0, 512.0], size)
    return np.floor(np.exp(rng.uniform(np.log(16.0), np.log(LARGEST), size)))


def taken(of: Rule, candidates: Candidates, batch: np.ndarray) -> tuple[float, float]:
    """Seconds and bytes that a batch takes under a rule."""
    prompts, outputs = candidates.prompt_tokens[batch], candidates.output_tokens[batch]
    longest = (float(prompts.max(initial=0.0)), float(outputs.max(initial=0.0)))
    prompts = np.full(len(prompts), longest[0]) if of.pads_prompts else prompts
    outputs = np.full(len(outputs), longest[1]) if of.pads_outputs else outputs
    found = [
        cost.base(*longest) + sum(cost.marginal(s, n) for s, n in zip(prompts.tolist(), outputs.tolist(), strict=True))
        for cost in (of.compute_s, of.memory_bytes)
    ]
    return found[0], found[1]


def instances(decoder: str, count: int, sizes: tuple[int, int], seed: int) -> Iterator[BatchProblem]:
    """So many problems of a kind of decoder."""
    return (problem(decoder, seed, index, sizes) for index in range(count))
