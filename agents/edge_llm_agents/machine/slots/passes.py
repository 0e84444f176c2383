"""One iteration of an engine as a pass of a decoder: who is in it, what it is predicted to take, and what it leaves.

The order of `edge_llm_env.engine.iterating.run`: every decode gets a token, and prompts share the budget, the longest
admitted first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from edge_llm_env.engine.iterating import decode
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_ITERATIONS, N_RUNNING, EngineState
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.support.calling import direct


class Pass(NamedTuple):
    """What is computed in an iteration."""

    decodes: tuple[int, ...]
    """Requests that get a token."""
    contexts: tuple[int, ...]
    """For each of these, the tokens in its context, the new one included."""
    chunks: tuple[tuple[int, int, int, bool], ...]
    """Of prompts: request, tokens, tokens before these, and whether that completes it."""

    @property
    def tokens(self) -> int:
        """How many are computed."""
        return len(self.decodes) + sum(tokens for _, tokens, _, _ in self.chunks)

    def work(self) -> list[tuple[int, int]]:
        """As a decoder with slots takes it."""
        return [(one, 1) for one in self.decodes] + [(request, tokens) for request, tokens, _, _ in self.chunks]

    def predicted_s(self, cost: IterationCost) -> float:
        """What it takes by the model."""
        return cost.of_pass(chunks=[chunk[1:] for chunk in self.chunks], contexts=self.contexts)


def next_pass(state: EngineState, budget: int) -> Pass:
    """The next pass of a single row with so many tokens of prompts; empty where nothing is to be computed."""
    running = state.running[0, : state.counters[0, N_RUNNING]]
    cached, target = state.cached[0, running], state.target[0, running]
    return pass_over(zip(running.tolist(), cached.tolist(), target.tolist(), strict=True), budget)


def pass_over(running: Iterable[tuple[int, int, int]], budget: int) -> Pass:
    """The pass of a running batch: request, tokens computed, tokens to prefill before it decodes."""
    decodes, contexts, chunks, room = [], [], [], budget
    for request, cached, target in running:
        if cached >= target:
            decodes.append(request)
            contexts.append(cached + 1)
        elif room > 0:
            tokens = min(room, target - cached)
            chunks.append((request, tokens, cached, cached + tokens == target))
            room -= tokens
    return Pass(tuple(decodes), tuple(contexts), tuple(chunks))


def note_pass(params: EngineParams, state: EngineState, done: Pass, budget: int, now_s: float) -> None:
    """Let a single row have what a pass computed, at the time that it was done."""
    direct(decode)(params, state, 0, 1)
    for request, tokens, _, completes in done.chunks:
        state.cached[0, request] += tokens
        state.generated[0, request] += completes
    state.last_tokens[0], state.last_iteration_s[0] = done.tokens, now_s - state.now_s[0]
    state.last_budget[0] = budget if done.chunks else 0
    state.counters[0, N_ITERATIONS] += 1
    state.now_s[0] = now_s
