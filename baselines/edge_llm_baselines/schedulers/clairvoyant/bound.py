"""An upper bound on what any schedule of iterations serves: a linear programme of the engine's time.

Every served request takes the engine's time: for its prompt, and for each further token its sequence, its context and a
part of the pass. That time must lie between its prompt's coming and the latest that its tokens may be done, and the
engine has no more of it than there is. Fractions of requests may be served, and time is cut into cells of which a
request may use all that its window touches: both only add to what can be served.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.workload import Workload

MIXES = (0.0, 0.3, 0.6, 1.0)
"""Parts of a pass that are charged to prompts: each gives a bound, and the least is taken."""


class Work(NamedTuple):
    """What each of N requests takes at least, if it is served."""

    prefill_s: NDArray[np.float64]
    decode_s: NDArray[np.float64]
    from_s: NDArray[np.float64]
    """When its prompt is there."""
    first_by_s: NDArray[np.float64]
    """When its first token must be computed."""
    done_by_s: NDArray[np.float64]
    """When all of its tokens must be."""


def work_of(params: EngineParams, simulation: EngineSimulation, row: int, mix: float) -> Work:
    """The least work of each request of a row, with such a part of passes charged to prompts.

    A pass costs once the larger of `prefill_pass`, if it has prompts, and `decode_pass`, if it has decodes: at least
    any mix of the two. It computes no more than the largest budget of prompts' tokens and B sequences, so each token is
    charged its share. A token may also come from computing all before it anew, after a preemption: of very short
    contexts that is cheaper, and charged instead.
    """
    state, time = simulation.state, params.time
    count = int(state.requests[row])
    prompt = state.prompt_tokens[row, :count].astype(np.float64)
    output = state.output_tokens[row, :count].astype(np.float64)
    token_s = time.prefill_token + mix * time.prefill_pass / float(params.budgets[-1])
    prefill_s = token_s * prompt + 0.5 * time.prefill_pair * prompt**2 + time.prefill_sequence
    further = output - 1.0
    each_s = time.decode_sequence + (1.0 - mix) * time.decode_pass / params.running_slots
    spared_s = max(token_s - time.decode_context, 1e-300)
    anew = np.clip(np.floor(each_s / spared_s) - prompt, 0.0, further)  # contexts up to which that is cheaper
    contexts, contexts_anew = further * (prompt + 0.5 * output), anew * (prompt + 0.5 * (anew + 1.0))
    decode_s = each_s * (further - anew) + time.decode_context * (contexts - contexts_anew) + token_s * contexts_anew
    first_by_s = state.first_due_s[row, :count]
    done_by_s = first_by_s + further * state.tpot_s[row, :count]
    return Work(prefill_s, decode_s, state.visible_s[row, :count], first_by_s, done_by_s)


def longest_pass_s(params: EngineParams) -> float:
    """The most that one pass can take: what an episode's last may take beyond its end."""
    time, tokens = params.time, float(params.blocks * params.block_tokens)
    prompts = float(params.budgets[-1])
    return (
        max(time.prefill_pass, time.decode_pass)
        + params.running_slots * (time.decode_sequence + time.prefill_sequence)
        + time.decode_context * tokens
        + (time.prefill_token + time.prefill_pair * tokens) * prompts
    )


def upper_bound(scenario: Scenario, workload: Workload, cell_s: float = 1.0) -> int:
    """Requests of a workload that no schedule exceeds, however much it knows."""
    simulation = EngineSimulation(scenario, rows=1)
    simulation.load(0, workload)
    params = simulation.params
    direct(begin_episode)(params, simulation.state, 0)
    ends_s = params.end_s + longest_pass_s(params)
    return min(math.floor(relaxed(work_of(params, simulation, 0, mix), ends_s, cell_s) + 1e-6) for mix in MIXES)


def relaxed(work: Work, ends_s: float, cell_s: float) -> float:
    """Most requests, in fractions, whose work fits into the time up to the end."""
    cells = max(1, math.ceil(ends_s / cell_s))
    possible = np.flatnonzero(
        (work.from_s + work.prefill_s <= np.minimum(work.first_by_s, ends_s))
        & (work.from_s + work.prefill_s + work.decode_s <= np.minimum(work.done_by_s, ends_s))
    )
    if not len(possible):
        return 0.0
    # Columns: served fractions, then work in cells. Rows: the work of each request's two stages, then the cells' time.
    rows, columns, entries = [], [], []
    used = len(possible)
    for at, request in enumerate(possible):
        stages = ((work.prefill_s, work.first_by_s), (work.decode_s, work.done_by_s))
        for stage, (amount_s, by_s) in enumerate(stages):
            first = int(work.from_s[request] / cell_s)
            last = min(cells - 1, int(min(by_s[request], ends_s) / cell_s))
            span = np.arange(first, last + 1)
            own = used + np.arange(len(span))
            used += len(span)
            rows += [np.full(len(span) + 1, 2 * at + stage), 2 * len(possible) + span]
            columns += [np.append(own, at), own]
            entries += [np.append(np.ones(len(span)), -amount_s[request]), np.ones(len(span))]
    matrix = coo_matrix(
        (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
        shape=(2 * len(possible) + cells, used),
    ).tocsr()
    gain = np.zeros(used)
    gain[: len(possible)] = -1.0
    lengths_s = np.full(cells, cell_s)
    lengths_s[-1] = ends_s - (cells - 1) * cell_s
    found = linprog(  # type: ignore[call-overload]
        gain,
        A_eq=matrix[: 2 * len(possible)],
        b_eq=np.zeros(2 * len(possible)),
        A_ub=matrix[2 * len(possible) :],
        b_ub=lengths_s,
        bounds=[(0.0, 1.0)] * len(possible) + [(0.0, None)] * (used - len(possible)),
        method="highs",
    )
    if found.status != 0:
        raise RuntimeError(f"linear programme of {len(possible)} requests: {found.message}")
    return -float(found.fun)
