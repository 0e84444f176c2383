"""How fast the environments are: steps per second, alone and with the oracle in the loop; import time, memory."""

from __future__ import annotations

import statistics
from typing import Any

from edge_llm_env.envs.suite import BANDWIDTH, BATCHING, COMPUTE, JOINT
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.selections.names import BATCH_SELECTIONS
from experiments.speed.decoding import oracle_decoding
from experiments.speed.fresh import import_seconds, memory_bytes
from experiments.speed.iterations import (
    SCHEDULER,
    scheduled_single_turn,
    scheduled_vector_turn,
    simulated_tokens_per_s,
)
from experiments.speed.step_profile import step_profile
from experiments.speed.turns import (
    Turn,
    cartpole_single_turn,
    cartpole_vector_turn,
    single_turn,
    spread,
    steps_per_s,
    vector_turn,
)

ALLOCATION_ROWS = 256
"""Rows, at most, when allocations are timed: `Bandwidth-v0` with shares and each way to select the batch, of which only
`exact` has a solver in the loop, and the environments as they are, with their phases.
"""

UPLOADS = "embedding-uplink-carried"
"""Preset on which uploads that carry over are timed beside ones that do not."""

MEMORY_PRESETS = ("carry-over", "paper-bloom-3b")
"""Presets whose memory is measured."""

ENGINE_SCENARIO = "chat-4090"
"""Preset on which an engine is timed under a scheduler."""

PROFILED_STEPS = 500
"""Vector steps of the profile of `Batching-v0`, and as many before them."""

PROFILED_EPOCHS = 150
"""Likewise of environments whose step is an epoch."""


def benchmark(scenario: str, *, rows: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Every measurement; of speeds the median of `repeats`, each of `seconds`, with the least and the most."""
    allocation_rows = min(rows, ALLOCATION_ROWS)
    return {
        "scenario": scenario,
        "rows": rows,
        "import_seconds": import_seconds(),
        "memory_bytes": memory_bytes(MEMORY_PRESETS, rows),
        "steps_per_s": {
            env_id: {
                "vector": _beside(vector_turn(env_id, scenario, rows), cartpole_vector_turn(rows), seconds, repeats),
                "single": _beside(single_turn(env_id, scenario), cartpole_single_turn(), seconds, repeats),
            }
            for env_id in ENVIRONMENTS
        },
        "step_profile": step_profile(BATCHING, scenario, rows, PROFILED_STEPS),
        "allocations": {
            "rows": allocation_rows,
            **{
                env_id: _allocations(env_id, scenario, allocation_rows, seconds, repeats)
                for env_id in (BANDWIDTH, COMPUTE, JOINT)
            },
            # Beside the profile above, what the exact search takes, but for what other batches leave to later epochs.
            "compute_without_search": step_profile(
                COMPUTE,
                load_scenario(scenario, **{"node.batch_selection": "first_come_first_served"}),
                allocation_rows,
                PROFILED_EPOCHS,
            ),
        },
        "carried_over": _carried_over(allocation_rows, seconds, repeats),
        "iterations": _iterations(rows, seconds, repeats),
        "oracle_decoding": oracle_decoding(scenario, seconds, repeats),
        "bandwidth_by_batch_selection": {
            "rows": ALLOCATION_ROWS,
            "steps_per_s": {
                selection: spread(_bandwidth_speeds(scenario, selection, seconds, repeats))
                for selection in BATCH_SELECTIONS
            },
        },
    }


def _beside(mine: Turn, cartpole: Turn, seconds: float, repeats: int) -> dict[str, Any]:
    """Steps per second, CartPole's beside them in the same time, and the ratio of the two."""
    measured = [steps_per_s([mine, cartpole], seconds) for _ in range(repeats)]
    ratios = [own / theirs for own, theirs in measured]
    return spread([own for own, _ in measured]) | {
        "cartpole": spread([theirs for _, theirs in measured]),
        "ratio_to_cartpole": {
            "median": round(statistics.median(ratios), 3),
            "least": round(min(ratios), 3),
            "most": round(max(ratios), 3),
        },
    }


def _allocations(env_id: str, scenario: str, rows: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Speed and phases of an environment whose step is an epoch."""
    return {
        "vector": _beside(vector_turn(env_id, scenario, rows), cartpole_vector_turn(rows), seconds, repeats),
        "step_profile": step_profile(env_id, scenario, rows, PROFILED_EPOCHS),
    }


def _carried_over(rows: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Speed of `Bandwidth-v0` where uploads carry over, and its ratio to the same within an epoch, by turns."""
    turns = [
        vector_turn(BANDWIDTH, load_scenario(UPLOADS, **{"radio.transfers": transfers}), rows)
        for transfers in ("carried_over", "within_epoch")
    ]
    measured = [steps_per_s(turns, seconds) for _ in range(repeats)]
    ratio = statistics.median(carried / within for carried, within in measured)
    return {"scenario": UPLOADS, **spread([carried for carried, _ in measured]), "ratio": round(ratio, 3)}


def _iterations(rows: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Decisions per second under a scheduler, and tokens per second of the episodes that it plays."""
    scenario = load_scenario(ENGINE_SCENARIO)
    tokens = [simulated_tokens_per_s(scenario, rows) for _ in range(repeats)]
    return {
        "scenario": ENGINE_SCENARIO,
        "scheduler": SCHEDULER,
        "vector": _beside(scheduled_vector_turn(scenario, rows), cartpole_vector_turn(rows), seconds, repeats),
        "single": _beside(scheduled_single_turn(scenario), cartpole_single_turn(), seconds, repeats),
        "simulated_tokens_per_s": spread(tokens),
    }


def _bandwidth_speeds(scenario: str, selection: str, seconds: float, repeats: int) -> list[float]:
    changed = load_scenario(scenario, **{"node.batch_selection": selection})
    turn = vector_turn("EdgeLLM/Bandwidth-v0", changed, ALLOCATION_ROWS, action="shares")
    return [steps_per_s([turn], seconds)[0] for _ in range(repeats)]
