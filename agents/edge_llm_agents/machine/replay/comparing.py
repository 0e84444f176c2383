"""What the machine did against what the model says: a cell of a policy, an episode and a repetition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_llm_agents.machine.replay.batches import Computed
from edge_llm_agents.machine.replay.schedule import Batch, Schedule
from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.iteration import IterationCost


def cell(
    schedule: Schedule, computed: Sequence[Computed], batch_s: AffineCost, pass_s: IterationCost
) -> dict[str, Any]:
    """Counts, times predicted by the calibrated machine and measured, TTFT and TPOT, as a record has them.

    Raises RuntimeError where the machine did not compute exactly what was scheduled.
    """
    if [one.batch for one in computed] != list(schedule.batches):
        raise RuntimeError("replay: batches computed are not those scheduled")
    per_token_s = [
        (finished_s - one.first_s) / (tokens - 1)
        for one in computed
        for finished_s, tokens in zip(one.finished_s, one.batch.output_tokens, strict=True)
        if tokens > 1
    ]
    passes = [_passes(one.batch, pass_s) for one in computed]
    return {
        "arrived": schedule.arrived,
        "scheduled": schedule.served,
        "on_time": sum(sum(one.on_time) for one in computed),
        "batches": len(computed),
        "batch_predicted_s": [predicted_s(one.batch, batch_s) for one in computed],
        "batch_measured_s": [one.ends_s - one.began_s for one in computed],
        "prefill_predicted_s": [one[0] for one in passes],
        "prefill_measured_s": [one.passes_s[0] for one in computed],
        "decode_predicted_s": [float(sum(one[1:])) for one in passes],
        "decode_measured_s": [float(sum(one.passes_s[1:])) for one in computed],
        "decode_passes": sum(len(one.passes_s) - 1 for one in computed),
        "ttft_s": float(np.mean([one.first_s - at for one in computed for at in one.batch.arrival_s] or [0.0])),
        "tpot_s": float(np.mean(per_token_s or [0.0])),
    }


def predicted_s(batch: Batch, cost: AffineCost) -> float:
    """What a batch takes by the model."""
    longest = max(batch.prompt_tokens), max(batch.output_tokens)
    lengths = zip(batch.prompt_tokens, batch.output_tokens, strict=True)
    return float(cost.base(*longest) + sum(cost.marginal(*one) for one in lengths))


def _passes(batch: Batch, cost: IterationCost) -> list[float]:
    """What each pass of a batch takes by the model, the prefill first."""
    times_s = [cost.of_pass(chunks=[(tokens, 0, True) for tokens in batch.prompt_tokens])]
    for made in range(1, max(batch.output_tokens)):
        contexts = [
            prompt + made
            for prompt, output in zip(batch.prompt_tokens, batch.output_tokens, strict=True)
            if output > made
        ]
        times_s.append(cost.of_pass(contexts=contexts))
    return times_s
