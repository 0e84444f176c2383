"""An upper bound on what any schedule of iterations serves: a linear programme of the engine's time and cache.

Every served request takes the engine's time: for its prompt, and for each further token its sequence, its context and a
part of the pass. That time must lie between its prompt's coming and the latest that its tokens may be done, within each
stretch of time there is no more of it than that has, and none of a request's where its window does not reach. While a
request is computed it holds its blocks of the cache, a token of its output for at least a whole pass. Fractions of
requests may be served, and neither the order of passes nor what they leave unused is counted: all of that only adds to
what can be served.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import EngineState
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.workload.workload import Workload

MIXES = (0.0, 0.5, 1.0)
"""Parts of a pass that are charged to prompts: each gives a bound, and the least is taken."""

SHORT_CELLS = 4
"""Cells of prompts in one of decodes: their windows are shorter."""


class Work(NamedTuple):
    """What each of N requests takes at least, if it is served."""

    prefill_s: NDArray[np.float64]
    decode_s: NDArray[np.float64]
    prefill_blocks: NDArray[np.float64]
    """Blocks that it holds while it is prefilled."""
    decode_blocks: NDArray[np.float64]
    """Blocks times seconds that it holds for each second of its decodes."""
    from_s: NDArray[np.float64]
    """When its prompt is there."""
    first_by_s: NDArray[np.float64]
    """When its first token must be computed."""
    done_by_s: NDArray[np.float64]
    """When all of its tokens must be."""


def work_of(params: EngineParams, state: EngineState, row: int, mix: float, paced: bool) -> Work:
    """The least work of each request of a row, with such a part of passes charged to prompts.

    A pass costs once the larger of `prefill_pass`, if it has prompts, and `decode_pass`, if it has decodes: at least
    any mix of the two. It computes no more than the largest budget of prompts' tokens and B sequences, so each token is
    charged its share. A token may also come from computing all before it anew, after a preemption: of very short
    contexts that is cheaper, and charged instead.

    Where `paced`, the share of a sequence is that of the largest batch of which its pace allows passes in the mean
    (`paced_share`); what it holds of the cache is then charged for that share of the pass alone.
    """
    time = params.time
    count = int(state.requests[row])
    prompt = state.prompt_tokens[row, :count].astype(np.float64)
    output = state.output_tokens[row, :count].astype(np.float64)
    token_s = time.prefill_token + mix * time.prefill_pass / float(params.budgets[-1])
    prefill_s = token_s * prompt + 0.5 * time.prefill_pair * prompt**2 + time.prefill_sequence
    further = output - 1.0
    share = np.full(count, 1.0 / params.running_slots)
    if paced:
        share = paced_share(params, prompt, state.tpot_s[row, :count], token_s)
    each_s = time.decode_sequence + (1.0 - mix) * time.decode_pass * share
    spared_s = max(token_s - time.decode_context, 1e-300)
    anew = np.clip(np.floor(each_s / spared_s) - prompt, 0.0, further)  # contexts up to which that is cheaper
    contexts, contexts_anew = further * (prompt + 0.5 * output), anew * (prompt + 0.5 * (anew + 1.0))
    decode_s = each_s * (further - anew) + time.decode_context * (contexts - contexts_anew) + token_s * contexts_anew
    held = np.ceil(prompt / params.block_tokens)
    longest_s = time.decode_context * (prompt + output)  # a whole pass is the least over a sequence's part of it there
    alone_s, part_s = time.decode_pass + time.decode_sequence + longest_s, each_s + longest_s
    whole = np.ones(count)
    if not paced:  # nothing is charged of a part of no time
        whole = np.maximum(1.0, np.divide(alone_s, part_s, out=whole, where=part_s > 0.0))
    decode_blocks = np.where(anew > 0.0, held, np.ceil((prompt + 1.0) / params.block_tokens) * whole)
    first_by_s = state.first_due_s[row, :count]
    done_by_s = first_by_s + further * state.tpot_s[row, :count]
    return Work(prefill_s, decode_s, held, decode_blocks, state.visible_s[row, :count], first_by_s, done_by_s)


def paced_share(
    params: EngineParams, prompt: NDArray[np.float64], tpot_s: NDArray[np.float64], token_s: float
) -> NDArray[np.float64]:
    """The part of a pass that falls to each request's sequence at least, in the mean over its tokens.

    Passes of b sequences take D + b·e and more, and those of a request no longer than its pace in the mean, so that its
    mean b is at most (pace - D) / e; and the mean of 1/b is at least 1 over the mean of b. Computing tokens anew leaves
    the passes of decodes more time: it is never cheaper where a token so computed costs more than what
    y² D e / (n·pace - y·D), the cost of y decodes among n tokens, grows by at y = n. Elsewhere the part is 1/B.
    """
    time, most = params.time, 1.0 / params.running_slots
    spare_s = tpot_s - time.decode_pass - time.decode_context * (prompt + 1.0)
    left_s = np.where(spare_s > 0.0, spare_s, 1.0)
    grows_s = time.decode_pass * time.decode_sequence * (2.0 * tpot_s - time.decode_pass) / left_s**2
    saved_s = np.maximum(grows_s, time.decode_pass * most) + time.decode_sequence
    dearer = (token_s - time.decode_context) * (prompt + 1.0) >= saved_s
    return np.where(dearer & (spare_s > 0.0), np.clip(time.decode_sequence / left_s, most, 1.0), most)


def longest_pass_s(params: EngineParams, state: EngineState, row: int) -> float:
    """The most that one pass can take: what an episode's last may take beyond its end."""
    time, tokens = params.time, float(params.blocks * params.block_tokens)
    count, prompts = int(state.requests[row]), float(params.budgets[-1])
    whole = state.prompt_tokens[row, :count].astype(np.int64) + state.output_tokens[row, :count]
    longest = float(whole.max(initial=0))
    return (
        max(time.prefill_pass, time.decode_pass)
        + params.running_slots * (time.decode_sequence + time.prefill_sequence)
        + time.decode_context * tokens
        + (time.prefill_token + time.prefill_pair * longest) * prompts
    )


def upper_bound(scenario: Scenario, workload: Workload, cell_s: float = 1.0) -> int:
    """Requests of a workload that no schedule exceeds, however much it knows."""
    simulation = EngineSimulation(scenario, rows=1)
    simulation.load(0, workload)
    direct(begin_episode)(simulation.params, simulation.state, 0)
    return bound_of_row(simulation.params, simulation.state, 0, cell_s)


def bound_of_row(params: EngineParams, state: EngineState, row: int, cell_s: float) -> int:
    """The same of the workload that a row holds."""
    ends_s = params.end_s + longest_pass_s(params, state, row)
    works = [work_of(params, state, row, mix, paced) for mix in MIXES for paced in (False, True)]
    bounds = [relaxed(work, params.blocks, ends_s, cell_s) for work in works]
    return math.floor(min(bounds) + 1e-6)


class Stage(NamedTuple):
    """The part of requests' work that prompts take, or decodes: a variable for each cell that a window reaches."""

    request: NDArray[np.int64]
    cell: NDArray[np.int64]
    most_s: NDArray[np.float64]
    """Of the request's window, what lies in the cell."""


def stage(from_s: NDArray[np.float64], by_s: NDArray[np.float64], cell_s: float) -> Stage:
    """The cells of such windows."""
    first = np.floor(from_s / cell_s).astype(np.int64)
    count = np.maximum(1, np.ceil(by_s / cell_s).astype(np.int64) - first)
    request = np.repeat(np.arange(len(from_s)), count)
    cell = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[request]
    overlap_s = np.minimum(by_s[request], (cell + 1) * cell_s) - np.maximum(from_s[request], cell * cell_s)
    return Stage(request, cell, np.maximum(0.0, overlap_s))


def relaxed(work: Work, blocks: int, ends_s: float, cell_s: float) -> float:
    """Most requests, in fractions, whose work fits into the time up to the end and into the cache."""
    first_by_s, done_by_s = np.minimum(work.first_by_s, ends_s), np.minimum(work.done_by_s, ends_s)
    possible = np.flatnonzero(
        (work.from_s + work.prefill_s <= first_by_s) & (work.from_s + work.prefill_s + work.decode_s <= done_by_s)
    )
    if not len(possible):
        return 0.0
    work = Work(*(one[possible] for one in work))
    first_by_s, done_by_s = first_by_s[possible], done_by_s[possible]
    prompts = stage(work.from_s, first_by_s, cell_s / SHORT_CELLS)
    decodes = stage(work.from_s + work.prefill_s, done_by_s, cell_s)
    count, cells = len(possible), math.ceil(ends_s / cell_s) + 1
    own_prompts, own_decodes = (
        count + np.arange(len(prompts.cell)),
        count + len(prompts.cell) + np.arange(len(decodes.cell)),
    )
    # Columns: fractions served, then work in cells. Equal: the work of each request's stages.
    fractions = np.arange(count)
    equal = _matrix(
        (fractions, fractions, -work.prefill_s),
        (count + fractions, fractions, -work.decode_s),
        (prompts.request, own_prompts, 1.0),
        (count + decodes.request, own_decodes, 1.0),
    )
    # At most: the time of long cells, that of short ones, and the cache times the time of long cells.
    long = prompts.cell // SHORT_CELLS
    most = _matrix(
        (long, own_prompts, 1.0),
        (decodes.cell, own_decodes, 1.0),
        (cells + prompts.cell, own_prompts, 1.0),
        (cells * (1 + SHORT_CELLS) + long, own_prompts, work.prefill_blocks[prompts.request] / blocks),
        (cells * (1 + SHORT_CELLS) + decodes.cell, own_decodes, work.decode_blocks[decodes.request] / blocks),
        rows=cells * (2 + SHORT_CELLS),
    )
    limits_s = np.full(cells * (2 + SHORT_CELLS), cell_s)
    limits_s[cells : cells * (1 + SHORT_CELLS)] = cell_s / SHORT_CELLS
    gain = np.zeros(equal.shape[1])
    gain[:count] = -1.0
    upper = np.concatenate([np.ones(count), prompts.most_s, decodes.most_s])
    found = linprog(  # type: ignore[call-overload]
        gain,
        A_eq=equal,
        b_eq=np.zeros(2 * count),
        A_ub=most,
        b_ub=limits_s,
        bounds=np.stack([np.zeros(len(upper)), upper], axis=1),
        method="highs",
    )
    if found.status != 0:
        raise RuntimeError(f"linear programme of {count} requests: {found.message}")
    return -float(found.fun)


def _matrix(*parts: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | float], rows: int = 0) -> Any:
    """A sparse matrix of parts, each of rows, columns and entries; of at least so many rows."""
    row, column = (np.concatenate([part[axis] for part in parts]) for axis in (0, 1))
    entries = np.concatenate([np.broadcast_to(part[2], len(part[0])) for part in parts])
    return coo_matrix((entries, (row, column)), shape=(max(rows, row.max() + 1), column.max() + 1)).tocsr()
