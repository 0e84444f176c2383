"""What calls of agent tasks are worth by learned numbers, of which the index rule is one choice."""

from __future__ import annotations

import math

import numpy as np

from edge_llm_baselines.tasks.index import MOST_LOAD, Numbers, index_values
from edge_llm_baselines.tasks.remaining import Remaining
from edge_llm_baselines.tasks.valued import Floats, Seen, Values
from edge_llm_env.support.elementary import exp, log

SPREADS = {
    "done": 0.2,
    "alone": 0.2,
    "output": 0.1,
    "kept": 0.4,
    "held": 0.05,
    "not_begun": 0.4,
    "chance": 0.2,
    "slack": 0.2,
    "alone_by_load": 0.4,
    "output_by_load": 0.2,
    "not_begun_by_load": 0.8,
    "slack_by_load": 0.4,
}
"""The numbers by name, and by how much each is varied at first."""

USUAL_LOAD = 0.5
"""Of the most that counts: there the numbers by load change nothing."""

LEAST_SHARE, LEAST_CHANCE, USUAL_OUTPUT_TOKENS, USUAL_EPOCHS_PER_CALL = 1e-4, 0.02, 64.0, 2.0
LOG_2 = math.log(2.0)
LARGEST_LOG = 2.0
"""Of slack, either way."""

LARGEST_CHANGE = 6.0
"""Of a value's logarithm, either way."""


def corrected_values(remaining: Remaining, rule: Numbers, numbers: Floats) -> Values:
    """The index rule's values times e^x, where x is a sum over what is known of a call and of the load.

    With a its compute time alone as a part of the window, n the tokens of its output, k the part of its context that is
    kept, m the thousands of tokens that its task holds in memory, d calls done, f = 1 where d = 0, p the chance to end
    in time and LEAST_CHANCE, s = log((slack + 1) / 2z) for z calls in a row that are left on average, and l what
    visible calls take alone, over MOST_LOAD windows and at most 1, less a half:

    x = n₀·log(1 + d) + n₁·log a + n₂·log₂(n / 64) + n₃·k + n₄·m + n₅·f + n₆·log p + n₇·s
    + l·(n₈·log a + n₉·log₂(n / 64) + n₁₀·f + n₁₁·s).

    `numbers` (P, 12) are in the order of SPREADS; each member has an equal share of consecutive rows, and all at 0 are
    the rule.
    """
    base, chances = index_values(remaining, [rule]), remaining.chances(rule.epochs_per_call)
    in_row = np.maximum(remaining.mean_calls_in_row(), 1.0)

    def values(seen: Seen) -> Floats:
        rows = len(seen.present)
        state, window_s, group = seen.simulation.state, seen.simulation.params.window_s, remaining.group(seen)
        load = seen.alone_s.sum(axis=1, keepdims=True) / window_s
        load = np.minimum(load, MOST_LOAD) / MOST_LOAD - USUAL_LOAD
        alone = log(np.maximum(seen.alone_s / window_s, LEAST_SHARE))
        output = log(np.maximum(state.slot_output_tokens, 1.0) / USUAL_OUTPUT_TOKENS) / LOG_2
        context = state.slot_reused_tokens + state.slot_prompt_tokens
        kept = state.slot_reused_tokens / np.maximum(context, 1.0)
        held = state.cached_tokens[np.arange(rows)[:, None], seen.first] / 1000.0
        slack = np.minimum(seen.slack_epochs, remaining.slacks - 1)
        chance = log(chances[group, seen.done, slack] + LEAST_CHANCE)
        needed = USUAL_EPOCHS_PER_CALL * in_row[group, seen.done]
        spare = np.clip(log((slack + 1.0) / needed), -LARGEST_LOG, LARGEST_LOG)
        not_begun = (seen.done == 0).astype(np.float64)
        terms = (
            log(1.0 + seen.done), alone, output, kept, held, not_begun, chance, spare,
            load * alone, load * output, load * not_begun, load * spare,
        )  # fmt: skip
        weights = np.repeat(numbers, rows // len(numbers), axis=0)
        change = np.zeros(seen.alone_s.shape)
        for weight, term in zip(weights.T, terms, strict=True):
            change += weight[:, None] * term
        return base(seen) * exp(np.clip(change, -LARGEST_CHANGE, LARGEST_CHANGE))

    return values
